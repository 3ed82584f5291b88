// raw-produce: encoded requests, -inflight of them pipelined per connection, every answer decoded and its error checked. Plain runs
// change only the correlation id; -distinct also writes a number into every value, -raw-idempotent a sequence into every batch.
package main

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var (
	codec    = flag.String("codec", "none", "raw-produce: none, lz4, zstd, gzip or snappy")
	rawIdem  = flag.Bool("raw-idempotent", false, "raw-produce: a producer id per connection and sequences that count up")
	distinct = flag.Bool("distinct", false, "raw-produce: no value equals another")
)

func newBuffer() *bytes.Buffer { return new(bytes.Buffer) }
func kafkaNow() int64          { return time.Now().UnixMilli() }

// frame is one partition's request, patched in place before each send.
type frame struct {
	bytes, batch []byte // batch is a window into bytes
	at           []int
	seq          int32
}

func (f *frame) number(first uint64, id int64, epoch int16, k int) (sum uint64) {
	if *distinct {
		for i, at := range f.at {
			v := f.batch[at : at+*size]
			binary.BigEndian.PutUint64(v, first+uint64(i))
			sum += mix(v)
		}
	}
	if id >= 0 {
		binary.BigEndian.PutUint64(f.batch[43:], uint64(id))
		binary.BigEndian.PutUint16(f.batch[51:], uint16(epoch))
		binary.BigEndian.PutUint32(f.batch[53:], uint32(f.seq))
		f.seq += int32(k)
	}
	if *distinct || id >= 0 {
		reseal(f.batch)
	}
	return sum
}

func rawProduce() {
	if *distinct && (*size < 8 || *codec != "none") {
		die(fmt.Errorf("-distinct needs values of 8 bytes or more and no codec"))
	}
	t := fresh()
	c := open()
	_, err := c.create(t, *parts)
	die(err)
	k := perBatch(*batch, *size)
	values := valuesFor(k, *size, *noise || *codec != "none")
	template, at := batchOf(values, *codec)
	each := mixAll(values)
	var left = int64(*n / k)
	// Wait until a first write works on every partition, with a throwaway record.
	tiny := valuesFor(1, 1, false)
	for p := 0; p < *parts; p++ {
		for i := 0; ; i++ {
			r, err := c.do(c.produceReq(t, int32(p), plainBatch(1, 1)))
			die(err)
			if err = produceErr(r); err == nil {
				break
			} else if i > 2000 {
				die(err)
			}
			time.Sleep(2 * time.Millisecond)
		}
	}
	workers := make([]*conn, *conns) // connected before the clock starts
	for i := range workers {
		workers[i] = open()
	}
	var mu sync.Mutex
	var lats []time.Duration
	var wg sync.WaitGroup
	var sent int64
	hash := mixAll(tiny) * uint64(*parts)
	m := begin()
	deadline := time.Now().Add(*dur)
	for i := range workers {
		wg.Add(1)
		go func(i int, c *conn) {
			defer wg.Done()
			id, epoch := int64(-1), int16(-1)
			if *rawIdem {
				id, epoch = c.producerID()
			}
			frames := make([]frame, *parts)
			var q0 *kmsg.ProduceRequest
			for p := range frames {
				q0 = c.produceReq(t, int32(p), template)
				whole := fmtr.AppendRequest(nil, q0, 0)
				from := bytes.LastIndex(whole, template)
				frames[p] = frame{bytes: whole, batch: whole[from : from+len(template)], at: at}
			}
			slots := make(chan time.Time, *flight) // the reader holds one more, so in flight = flight+1 at most
			done := make(chan struct{})
			my := make([]time.Duration, 0, 1<<16)
			go func() {
				defer close(done)
				want := int32(0)
				for t0 := range slots {
					corr, b, err := c.read()
					die(err)
					if corr != want {
						die(fmt.Errorf("correlation %d, want %d", corr, want))
					}
					want++
					my = append(my, time.Since(t0))
					r, err := decode(q0, b)
					die(err)
					die(produceErr(r))
				}
			}()
			var j int64
			var sum uint64
			for ; time.Now().Before(deadline) && atomic.AddInt64(&left, -1) >= 0; j++ {
				slots <- time.Now()
				f := &frames[(int(j)+i)%*parts]
				if *distinct {
					sum += f.number(uint64(i)<<40+uint64(j)*uint64(k), id, epoch, k)
				} else {
					f.number(0, id, epoch, k)
					sum += each
				}
				binary.BigEndian.PutUint32(f.bytes[8:], uint32(j))
				_, err := c.Write(f.bytes)
				die(err)
			}
			close(slots)
			<-done
			c.Close()
			mu.Lock()
			lats = append(lats, my...)
			sent += j
			hash += sum
			mu.Unlock()
		}(i, workers[i])
	}
	wg.Wait()
	out(m.end(result{"mode": "raw-produce", "topic": t, "parts": *parts, "acks": *acks, "batch": len(template), "recs_per_batch": k,
		"inflight": *flight, "conns": *conns, "requests": sent, "stored": sent*int64(k) + int64(*parts),
		"stored_bytes": sent*int64(len(template)) + int64(*parts*len(plainBatch(1, 1))), "hash": fmt.Sprintf("%016x", hash)},
		sent*int64(k), sent*int64(k)*int64(*size), lats))
}

func (c *conn) producerID() (int64, int16) {
	q := c.ver(kmsg.NewPtrInitProducerIDRequest(), 4).(*kmsg.InitProducerIDRequest)
	q.ProducerID, q.ProducerEpoch = -1, -1
	for i := 0; ; i++ {
		r, err := c.do(q)
		die(err)
		p := r.(*kmsg.InitProducerIDResponse)
		if e := kerr.ErrorForCode(p.ErrorCode); e == nil {
			return p.ProducerID, p.ProducerEpoch
		} else if i > 1000 {
			die(e)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
