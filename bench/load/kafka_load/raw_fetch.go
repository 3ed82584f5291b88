// raw-fetch: Fetch requests encoded once; only correlation id and offset change. A first quiet walk learns where each answer begins and
// ends, so that the measured walk can be pipelined. verify: reads a topic back over its own connection and checks all that was promised.
package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var (
	hashWant = flag.String("hash", "", "verify: the hash raw-produce printed; empty: count and offsets only")
	commits  = flag.Bool("committed", false, "verify: what transactions have committed; their markers are no records")
	once     = flag.Bool("once", false, "raw-fetch: stop at the end of the topic instead of starting over")
)

func (c *conn) fetchReq(t string, p int32, off int64, maxBytes int32) *kmsg.FetchRequest {
	q := c.ver(kmsg.NewPtrFetchRequest(), 12).(*kmsg.FetchRequest)
	q.ReplicaID, q.MaxWaitMillis, q.MinBytes, q.MaxBytes, q.SessionID, q.SessionEpoch = -1, 500, 1, maxBytes, 0, -1
	ft := kmsg.NewFetchRequestTopic()
	ft.Topic = t
	fp := kmsg.NewFetchRequestTopicPartition()
	fp.Partition, fp.FetchOffset, fp.PartitionMaxBytes, fp.CurrentLeaderEpoch, fp.LogStartOffset = p, off, maxBytes, -1, -1
	ft.Partitions = append(ft.Partitions, fp)
	q.Topics = append(q.Topics, ft)
	return q
}

// fetched is the one partition of an answer.
func fetched(q kmsg.Request, b []byte) (*kmsg.FetchResponseTopicPartition, error) {
	r, err := decode(q, b)
	if err != nil {
		return nil, err
	}
	f := r.(*kmsg.FetchResponse)
	if len(f.Topics) != 1 || len(f.Topics[0].Partitions) != 1 {
		return nil, fmt.Errorf("fetch response shape, error %d", f.ErrorCode)
	}
	p := &f.Topics[0].Partitions[0]
	return p, kerr.ErrorForCode(p.ErrorCode)
}

type chunk struct{ first, next, bytes, recs int64 }

func measure(x []byte) chunk {
	ch := chunk{first: -1}
	for len(x) > 61 {
		l := int(binary.BigEndian.Uint32(x[8:])) + 12
		if l > len(x) {
			break
		}
		base := int64(binary.BigEndian.Uint64(x))
		if ch.first < 0 {
			ch.first = base
		}
		ch.recs += int64(binary.BigEndian.Uint32(x[57:]))
		ch.next = base + int64(binary.BigEndian.Uint32(x[23:])) + 1
		ch.bytes += int64(l)
		x = x[l:]
	}
	return ch
}

func rawFetch() {
	t := *topic
	c := open()
	const mark = int64(0x1122334455667788)
	type stop struct{ at, next int64 }
	var stops []stop
	for off := int64(0); ; {
		q := c.fetchReq(t, 0, off, int32(*maxB))
		c.corr++
		_, err := c.Write(fmtr.AppendRequest(nil, q, c.corr))
		die(err)
		_, b, err := c.read()
		die(err)
		p, err := fetched(q, b)
		die(err)
		ch := measure(p.RecordBatches)
		if ch.recs == 0 {
			die(fmt.Errorf("empty fetch at offset %d below the high watermark %d", off, p.HighWatermark))
		}
		stops = append(stops, stop{off, ch.next})
		if off = ch.next; off >= p.HighWatermark {
			break
		}
	}
	if len(stops) > 1 {
		stops = stops[:len(stops)-1] // the last one is a remainder
	}
	q0 := c.fetchReq(t, 0, mark, int32(*maxB))
	enc := fmtr.AppendRequest(nil, q0, 0)
	at := -1
	for i := 0; i+8 <= len(enc); i++ {
		if binary.BigEndian.Uint64(enc[i:]) == uint64(mark) {
			at = i
		}
	}
	type asked struct {
		stop
		when time.Time
	}
	slots := make(chan asked, *flight)
	var lats []time.Duration
	var recs, bytes, short int64
	m := begin()
	deadline := time.Now().Add(*dur)
	go func() {
		for j := 0; time.Now().Before(deadline) && !(*once && j == len(stops)); j++ {
			s := stops[j%len(stops)]
			slots <- asked{s, time.Now()}
			binary.BigEndian.PutUint32(enc[8:], uint32(j))
			binary.BigEndian.PutUint64(enc[at:], uint64(s.at))
			_, err := c.Write(enc)
			die(err)
		}
		close(slots)
	}()
	for a := range slots {
		_, b, err := c.read()
		die(err)
		lats = append(lats, time.Since(a.when))
		p, err := fetched(q0, b)
		die(err)
		ch := measure(p.RecordBatches)
		if ch.recs == 0 {
			die(fmt.Errorf("empty fetch at offset %d", a.at))
		}
		if ch.first > a.at || ch.next < a.next {
			short++
		}
		recs += ch.recs
		bytes += ch.bytes
	}
	r := m.end(result{"mode": "raw-fetch", "fetchbytes": *maxB, "answers": len(stops), "short": short, "inflight": *flight}, recs, bytes, lats)
	out(r)
}

// eachValue walks the values of uncompressed records.
func eachValue(recs []byte, count int, visit func([]byte)) error {
	for i := 0; i < count; i++ {
		length, n := binary.Varint(recs)
		if n <= 0 || length < 0 || int64(len(recs)-n) < length {
			return errors.New("record runs over its batch")
		}
		body := recs[n : n+int(length)]
		recs = recs[n+int(length):]
		x := body[1:]
		for range 2 { // timestamp and offset deltas
			_, n := binary.Varint(x)
			x = x[n:]
		}
		key, n := binary.Varint(x)
		x = x[n:]
		if key > 0 {
			x = x[key:]
		}
		size, n := binary.Varint(x)
		x = x[n:]
		if size < 0 || int64(len(x)) < size {
			return errors.New("value runs over its record")
		}
		visit(x[:size])
	}
	return nil
}

// verify: every partition from offset 0: batches intact (CRC), offsets dense, -n records in all, -hash over their values.
func verify() {
	c := open()
	m := begin()
	unpack := kgo.DefaultDecompressor()
	var recs, bytes int64
	var hash uint64
	for p := 0; p < *parts; p++ {
		for off, end := int64(0), int64(1); off < end; {
			q := c.fetchReq(*topic, int32(p), off, 8<<20)
			if *commits {
				q.IsolationLevel = 1
			}
			c.corr++
			_, err := c.Write(fmtr.AppendRequest(nil, q, c.corr))
			die(err)
			_, b, err := c.read()
			die(err)
			part, err := fetched(q, b)
			die(err)
			end = part.HighWatermark
			if end == 0 {
				break
			}
			x := part.RecordBatches
			before := off
			for len(x) > 61 {
				l := int(binary.BigEndian.Uint32(x[8:])) + 12
				if l > len(x) {
					break
				}
				one := x[:l]
				x = x[l:]
				base, k := int64(binary.BigEndian.Uint64(one)), int64(binary.BigEndian.Uint32(one[57:]))
				last := base + int64(binary.BigEndian.Uint32(one[23:]))
				if base != off || last-base+1 != k {
					die(fmt.Errorf("partition %d: offset %d expected, a batch %d…%d of %d records found", p, off, base, last, k))
				}
				if crc32.Checksum(one[21:], castagnoli) != binary.BigEndian.Uint32(one[17:]) {
					die(fmt.Errorf("partition %d: the batch at %d has a wrong CRC", p, base))
				}
				if off = last + 1; *commits && one[22]&0x20 != 0 {
					continue
				}
				data := one[61:]
				if kind := one[22] & 7; kind != 0 {
					data, err = unpack.Decompress(data, kgo.CompressionCodecType(kind))
					die(err)
				}
				die(eachValue(data, int(k), func(v []byte) {
					hash += mix(v)
					bytes += int64(len(v))
				}))
				recs += k
			}
			if off == before {
				die(fmt.Errorf("partition %d: nothing at offset %d of %d", p, off, end))
			}
		}
	}
	if recs != int64(*n) {
		die(fmt.Errorf("%d records read back, %d were acknowledged", recs, *n))
	}
	if got := fmt.Sprintf("%016x", hash); *hashWant != "" && got != *hashWant {
		die(fmt.Errorf("hash %s read back, %s was written", got, *hashWant))
	}
	out(m.end(result{"mode": "verify", "topic": *topic, "parts": *parts}, recs, bytes, nil))
}
