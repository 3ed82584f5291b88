// Package seen is what the three programs share: how they say what they saw, and what the test hands them.
package seen

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"
)

// Kafka is the open door, Guarded one where alice has to log in with the password secret, Authority the file with its authority.
var Kafka, Guarded, Authority = os.Getenv("KAFKA"), os.Getenv("GUARDED"), os.Getenv("CA")

// FromKinesis is a stream that was put by Kinesis: keys k0 to k19 with values v0 to v19 in two shards.
const FromKinesis = "from-kinesis"

// Check says what was seen, or ends the program with what was not, and the values that speak for it.
func Check(holds bool, what string, values ...any) {
	if !holds {
		fmt.Fprintln(os.Stderr, append([]any{"not seen: " + what + ":"}, values...)...)
		os.Exit(1)
	}
	fmt.Println("seen: " + what)
}

func Done(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%v (%T)\n", err, err)
		panic(err)
	}
}

func Must[T any](value T, err error) T {
	Done(err)
	return value
}

// Until asks again until it holds, for a minute at most.
func Until(holds func() bool, what string, values ...any) {
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			Check(false, what, values...)
		}
	}
	Check(true, what)
}

// TLS trusts nothing but the server's own authority.
func TLS() *tls.Config {
	known := x509.NewCertPool()
	known.AppendCertsFromPEM(Must(os.ReadFile(Authority)))
	return &tls.Config{RootCAs: known, ServerName: "localhost"}
}
