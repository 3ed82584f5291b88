// scram: logins by SCRAM-SHA-256, -conns at a time, each on a connection of its own: connect, SaslHandshake, two SaslAuthenticate, close. The
// password is salted once, as clients that cache it do: it would cost this program more than the whole login costs a server. Also TLS.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"math/rand"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var (
	secure = flag.Bool("tls", false, "raw modes: over TLS, whatever certificate the server shows")
	user   = flag.String("user", "scramu", "scram: who logs in")
	word   = flag.String("password", "scram-pw", "scram: and with which password")
)

func connect(addr string) (net.Conn, error) {
	by := net.Dialer{Timeout: 2 * time.Second}
	if *secure {
		return tls.DialWithDialer(&by, "tcp", addr, &tls.Config{InsecureSkipVerify: true})
	}
	return by.Dial("tcp", addr)
}

var salted sync.Map

func saltedPassword(salt string, rounds int) []byte {
	key := salt + "," + strconv.Itoa(rounds)
	if known, ok := salted.Load(key); ok {
		return known.([]byte)
	}
	raw, err := base64.StdEncoding.DecodeString(salt)
	die(err)
	made, err := pbkdf2.Key(sha256.New, *word, raw, rounds, sha256.Size)
	die(err)
	salted.Store(key, made)
	return made
}

func keyed(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (c *conn) authenticate(text string) (string, error) {
	q := kmsg.NewPtrSASLAuthenticateRequest()
	q.Version, q.SASLAuthBytes = 2, []byte(text)
	r, err := c.do(q)
	if err != nil {
		return "", err
	}
	got := r.(*kmsg.SASLAuthenticateResponse)
	return string(got.SASLAuthBytes), kerr.ErrorForCode(got.ErrorCode)
}

// attribute of a SCRAM message: r=…,s=…,i=…
func attribute(message, name string) string {
	for _, one := range strings.Split(message, ",") {
		if value, ok := strings.CutPrefix(one, name+"="); ok {
			return value
		}
	}
	return ""
}

func login() error {
	c, err := dial(*boot)
	if err != nil {
		return err
	}
	defer c.Close()
	q := kmsg.NewPtrSASLHandshakeRequest()
	q.Version, q.Mechanism = 1, "SCRAM-SHA-256"
	r, err := c.do(q)
	if err != nil {
		return err
	}
	if e := kerr.ErrorForCode(r.(*kmsg.SASLHandshakeResponse).ErrorCode); e != nil {
		return e
	}
	hello := fmt.Sprintf("n=%s,r=%016x", *user, rand.Uint64())
	first, err := c.authenticate("n,," + hello)
	if err != nil {
		return err
	}
	rounds, err := strconv.Atoi(attribute(first, "i"))
	if err != nil {
		return err
	}
	password := saltedPassword(attribute(first, "s"), rounds)
	clientKey := keyed(password, "Client Key")
	storedKey := sha256.Sum256(clientKey)
	last := "c=biws,r=" + attribute(first, "r")
	signed := hello + "," + first + "," + last
	for i, b := range keyed(storedKey[:], signed) {
		clientKey[i] ^= b
	}
	final, err := c.authenticate(last + ",p=" + base64.StdEncoding.EncodeToString(clientKey))
	if err != nil {
		return err
	}
	if proof, _ := base64.StdEncoding.DecodeString(attribute(final, "v")); !bytes.Equal(proof, keyed(keyed(password, "Server Key"), signed)) {
		return errors.New("the server does not know the password")
	}
	return nil
}

func scram() {
	die(login())
	m := begin()
	deadline := time.Now().Add(*dur)
	all := together(*conns, func(_ int, mine *tally) {
		for time.Now().Before(deadline) {
			t0 := time.Now()
			die(login())
			mine.lats = append(mine.lats, time.Since(t0))
			mine.records++
		}
	})
	out(m.end(result{"mode": "scram", "conns": *conns}, all.records, 0, all.lats))
}

// metadata: asks for all topics, one request in flight. The first answer is decoded; those after it have to be as long, so that this program
// does not cost what the server costs.
func metadata() {
	c := open()
	q := c.ver(kmsg.NewPtrMetadataRequest(), 12).(*kmsg.MetadataRequest)
	q.Topics = nil
	frame := fmtr.AppendRequest(nil, q, 1)
	ask := func() []byte {
		_, err := c.Write(frame)
		die(err)
		_, b, err := c.read()
		die(err)
		return b
	}
	b := ask()
	size := len(b)
	r, err := decode(q, b)
	die(err)
	told := 0
	for _, t := range r.(*kmsg.MetadataResponse).Topics {
		die(kerr.ErrorForCode(t.ErrorCode))
		told += len(t.Partitions)
	}
	if told < *n {
		die(fmt.Errorf("%d partitions were told, there are %d", told, *n))
	}
	var lats []time.Duration
	m := begin()
	for deadline := time.Now().Add(*dur); time.Now().Before(deadline); {
		t0 := time.Now()
		if again := len(ask()); again != size {
			die(fmt.Errorf("an answer of %d bytes after one of %d", again, size))
		}
		lats = append(lats, time.Since(t0))
	}
	out(m.end(result{"mode": "metadata", "partitions": told, "bytes": size}, int64(len(lats)), int64(len(lats)*size), lats))
}
