// compact: a topic is filled with -n records of -keys keys, each key in turn, and only then told to be compacted. The run's time ends when
// the records that have a newer one of their key are gone. Beside it a producer writes one record every millisecond to another topic; before
// it the same producer has the server to itself.
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const segment = 16 << 20

var keys = flag.Int("keys", 100_000, "compact: different keys")

// keyedBatch is a batch of k records with 8-byte keys and alphabet values; at says where each key stands.
func keyedBatch(k int) (b []byte, at []int) {
	b, _ = batchOf(nil, "none")
	for i := 0; i < k; i++ {
		body := binary.AppendVarint(binary.AppendVarint(binary.AppendVarint([]byte{0}, 0), int64(i)), 8)
		key := len(body)
		body = binary.AppendVarint(append(body, make([]byte, 8)...), int64(*size))
		body = append(append(body, alphabetValue(*size)...), 0)
		b = binary.AppendVarint(b, int64(len(body)))
		at = append(at, len(b)+key)
		b = append(b, body...)
	}
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-12))
	binary.BigEndian.PutUint32(b[23:], uint32(k-1))
	binary.BigEndian.PutUint32(b[57:], uint32(k))
	return b, at
}

// fillKeyed writes whole batches, eight in flight, and yields how many records these are.
func fillKeyed(c *conn, t string) int {
	k := *batch / (*size + 20)
	b, at := keyedBatch(k)
	q := c.produceReq(t, 0, b)
	frame := fmtr.AppendRequest(nil, q, 0)
	b = frame[bytes.LastIndex(frame, b):][:len(b)]
	slots, done := make(chan struct{}, 8), make(chan struct{})
	go func() {
		defer close(done)
		for range slots {
			_, answer, err := c.read()
			die(err)
			r, err := decode(q, answer)
			die(err)
			die(produceErr(r))
		}
	}()
	sent := 0
	for ; sent < *n; sent += k {
		for i, where := range at {
			binary.BigEndian.PutUint64(b[where:], uint64((sent+i)%*keys))
		}
		reseal(b)
		slots <- struct{}{}
		_, err := c.Write(frame)
		die(err)
	}
	close(slots)
	<-done
	return sent
}

// beside writes one record every millisecond until told to stop. A record that had to wait for the one before it counts from its own time.
func beside(c *conn, t string, stop *atomic.Bool) (lats []time.Duration) {
	q := c.produceReq(t, 0, plainBatch(1, 100))
	frame := fmtr.AppendRequest(nil, q, 0)
	began := time.Now()
	for i := 0; !stop.Load(); i++ {
		due := began.Add(time.Duration(i) * time.Millisecond)
		if early := time.Until(due); early > 0 {
			time.Sleep(early)
			due = time.Now()
		}
		_, err := c.Write(frame)
		die(err)
		_, answer, err := c.read()
		die(err)
		lats = append(lats, time.Since(due))
		r, err := decode(q, answer)
		die(err)
		die(produceErr(r))
	}
	return lats
}

// firstFrom is the first batch at or after an offset.
func (c *conn) firstFrom(t string, at int64) chunk {
	q := c.fetchReq(t, 0, at, 1)
	r, err := c.do(q)
	die(err)
	part := r.(*kmsg.FetchResponse).Topics[0].Partitions[0]
	x := part.RecordBatches
	if part.ErrorCode != 0 || len(x) < 61 {
		return chunk{first: -1}
	}
	return measure(x[:min(len(x), int(binary.BigEndian.Uint32(x[8:]))+12)])
}

// lastOfEach reads the compacted topic: the newest record of every key has to be where it was written. It yields how many records there are.
func lastOfEach(c *conn, t string, wrote int) int64 {
	where := make([]int64, *keys)
	var there int64
	for off, end := int64(0), int64(wrote); off < end; {
		q := c.fetchReq(t, 0, off, 8<<20)
		r, err := c.do(q)
		die(err)
		x := r.(*kmsg.FetchResponse).Topics[0].Partitions[0].RecordBatches
		if len(x) < 61 {
			break
		}
		for len(x) > 61 {
			l := int(binary.BigEndian.Uint32(x[8:])) + 12
			if l > len(x) {
				break
			}
			base, k, recs := int64(binary.BigEndian.Uint64(x)), int(binary.BigEndian.Uint32(x[57:])), x[61:l]
			off = base + int64(binary.BigEndian.Uint32(x[23:])) + 1
			x = x[l:]
			for ; k > 0; k-- {
				length, n := binary.Varint(recs)
				body := recs[n : n+int(length)]
				recs = recs[n+int(length):]
				_, time := binary.Varint(body[1:])
				delta, n := binary.Varint(body[1+time:])
				where[binary.BigEndian.Uint64(body[1+time+n+1:])] = base + delta
				there++
			}
		}
	}
	for key, at := range where {
		if want := int64(wrote - 1 - (wrote-1-key)%*keys); at != want {
			die(fmt.Errorf("the newest record of key %d is at %d, it was written to %d", key, at, want))
		}
	}
	return there
}

func compact() {
	c := open()
	t := fresh()
	*configs = "cleanup.policy=delete,min.cleanable.dirty.ratio=0.01,segment.bytes=" + strconv.Itoa(segment)
	_, err := c.create(t, 1)
	die(err)
	*configs = ""
	quiet := t + "-quiet"
	_, err = c.create(quiet, 1)
	die(err)
	c.settings(kmsg.ConfigResourceTypeBroker, "", "log.cleaner.backoff.ms", "100")
	wrote := fillKeyed(c, t)
	producer := open()
	var stop atomic.Bool
	time.AfterFunc(3*time.Second, func() { stop.Store(true) })
	alone := beside(producer, quiet, &stop)
	stop.Store(false)
	told := make(chan []time.Duration)
	m := begin()
	go func() { told <- beside(producer, quiet, &stop) }()
	c.settings(kmsg.ConfigResourceTypeTopic, t, "cleanup.policy", "compact")
	// The last record that has a newer one two segments before the end: a broker leaves the segment alone to which it appends.
	old := int64(wrote - *keys - 2*segment / *size)
	for deadline := time.Now().Add(*dur); ; time.Sleep(10 * time.Millisecond) {
		if at := c.firstFrom(t, old); at.first > old || at.first >= 0 && at.recs < at.next-at.first {
			break
		}
		if time.Now().After(deadline) {
			die(errors.New("it did not compact the topic"))
		}
	}
	took := time.Since(m.t0)
	stop.Store(true)
	lats := <-told
	r := m.end(result{"mode": "compact", "topic": t, "records": wrote, "compact_s": round(took.Seconds(), 3)}, int64(wrote), int64(wrote**size), lats)
	quant(r, "quiet_", alone)
	r["times"] = round(r["p99_ms"].(float64)/r["quiet_p99_ms"].(float64), 2)
	r["left"] = lastOfEach(c, t, wrote)
	out(r)
}
