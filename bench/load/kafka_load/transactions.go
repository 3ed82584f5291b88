// txn: producers that each begin a transaction, write one batch of -recs records and commit, one after the other. copy: a topic is carried
// over, a batch, the group's offset and the commit in one transaction each. Both use the frames of transaction version 2 (the partition and
// the group join by Produce and TxnOffsetCommit) where the server has it, else AddPartitionsToTxn and AddOffsetsToTxn.
package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var perTxn = flag.Int("recs", 1, "txn: records in a transaction")

const transactional = 0x10 // of a batch's attributes

// producer is one transactional id on a connection of its own.
type producer struct {
	*conn
	txn     string
	id      int64
	epoch   int16
	seq     int32
	second  bool // transaction version 2
	retries int
}

// has ends the run, naming what the server lacks.
func (c *conn) has(key int16) {
	if _, ok := c.vers[key]; !ok {
		die(fmt.Errorf("it has no %s", kmsg.NameForKey(key)))
	}
}

// until asks again, as clients do, while the server says that it is not ready: its coordinator loads, the last markers are being written.
func (p *producer) until(req kmsg.Request, code func(kmsg.Response) int16) kmsg.Response {
	for began := time.Now(); ; p.retries++ {
		r, err := p.do(req)
		die(err)
		e := kerr.ErrorForCode(code(r))
		if e == nil {
			return r
		}
		if !errors.Is(e, kerr.ConcurrentTransactions) && !kerr.IsRetriable(e) || time.Since(began) > 30*time.Second {
			die(fmt.Errorf("%s: %w", kmsg.NameForKey(req.Key()), e))
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// coordinator waits until a group (0) or a transactional id (1) has one: the first look makes a broker's internal topic.
func (p *producer) coordinator(of string, kind int8) {
	q := p.ver(kmsg.NewPtrFindCoordinatorRequest(), 3).(*kmsg.FindCoordinatorRequest)
	q.CoordinatorKey, q.CoordinatorType = of, kind
	p.until(q, func(r kmsg.Response) int16 { return r.(*kmsg.FindCoordinatorResponse).ErrorCode })
}

func openProducer(txn string) *producer {
	p := &producer{conn: open(), txn: txn}
	p.has(26)
	p.second = p.vers[26][1] >= 5 && p.vers[0][1] >= 12 && p.vers[28][1] >= 5
	p.coordinator(txn, 1)
	q := p.ver(kmsg.NewPtrInitProducerIDRequest(), 5).(*kmsg.InitProducerIDRequest)
	q.TransactionalID, q.TransactionTimeoutMillis, q.ProducerID, q.ProducerEpoch = &txn, 60000, -1, -1
	got := p.until(q, func(r kmsg.Response) int16 { return r.(*kmsg.InitProducerIDResponse).ErrorCode }).(*kmsg.InitProducerIDResponse)
	p.id, p.epoch = got.ProducerID, got.ProducerEpoch
	return p
}

// write sends a batch within the transaction; it renumbers and reseals it first.
func (p *producer) write(t string, part int32, batch []byte) {
	if !p.second {
		q := p.ver(kmsg.NewPtrAddPartitionsToTxnRequest(), 3).(*kmsg.AddPartitionsToTxnRequest)
		q.TransactionalID, q.ProducerID, q.ProducerEpoch = p.txn, p.id, p.epoch
		q.Topics = []kmsg.AddPartitionsToTxnRequestTopic{{Topic: t, Partitions: []int32{part}}}
		p.until(q, func(r kmsg.Response) int16 {
			return r.(*kmsg.AddPartitionsToTxnResponse).Topics[0].Partitions[0].ErrorCode
		})
	}
	batch[22] |= transactional
	binary.BigEndian.PutUint64(batch[43:], uint64(p.id))
	binary.BigEndian.PutUint16(batch[51:], uint16(p.epoch))
	binary.BigEndian.PutUint32(batch[53:], uint32(p.seq))
	p.seq += int32(binary.BigEndian.Uint32(batch[57:]))
	reseal(batch)
	q := p.produceReq(t, part, batch)
	p.ver(q, 12)
	q.TransactionID = &p.txn
	p.until(q, func(r kmsg.Response) int16 { return r.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode })
}

func (p *producer) commit() {
	q := p.ver(kmsg.NewPtrEndTxnRequest(), 5).(*kmsg.EndTxnRequest)
	q.TransactionalID, q.ProducerID, q.ProducerEpoch, q.Commit = p.txn, p.id, p.epoch, true
	got := p.until(q, func(r kmsg.Response) int16 { return r.(*kmsg.EndTxnResponse).ErrorCode }).(*kmsg.EndTxnResponse)
	if p.second { // a new epoch, whose sequences begin anew
		p.id, p.epoch, p.seq = got.ProducerID, got.ProducerEpoch, 0
	}
}

// offset puts the group's place into the transaction.
func (p *producer) offset(group, t string, part int32, at int64) {
	if !p.second {
		q := p.ver(kmsg.NewPtrAddOffsetsToTxnRequest(), 3).(*kmsg.AddOffsetsToTxnRequest)
		q.TransactionalID, q.ProducerID, q.ProducerEpoch, q.Group = p.txn, p.id, p.epoch, group
		p.until(q, func(r kmsg.Response) int16 { return r.(*kmsg.AddOffsetsToTxnResponse).ErrorCode })
	}
	q := p.ver(kmsg.NewPtrTxnOffsetCommitRequest(), 5).(*kmsg.TxnOffsetCommitRequest)
	q.TransactionalID, q.ProducerID, q.ProducerEpoch, q.Group, q.Generation = p.txn, p.id, p.epoch, group, -1
	q.Topics = []kmsg.TxnOffsetCommitRequestTopic{{Topic: t,
		Partitions: []kmsg.TxnOffsetCommitRequestTopicPartition{{Partition: part, Offset: at, LeaderEpoch: -1}}}}
	p.until(q, func(r kmsg.Response) int16 {
		return r.(*kmsg.TxnOffsetCommitResponse).Topics[0].Partitions[0].ErrorCode
	})
}

// tally is what workers did between them.
type tally struct {
	sync.Mutex
	lats           []time.Duration
	ops            int64
	records, bytes int64
	hash           uint64
	retries        int
}

func (s *tally) add(o *tally) {
	s.Lock()
	defer s.Unlock()
	s.lats = append(s.lats, o.lats...)
	s.ops, s.records, s.bytes, s.hash, s.retries = s.ops+o.ops, s.records+o.records, s.bytes+o.bytes, s.hash+o.hash, s.retries+o.retries
}

// together lets so many workers work until all of them are done, and adds up what they did.
func together(workers int, work func(i int, mine *tally)) *tally {
	var all tally
	var wg sync.WaitGroup
	for i := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var mine tally
			work(i, &mine)
			all.add(&mine)
		}()
	}
	wg.Wait()
	return &all
}

// each runs -conns producers until -dur is over, and tells all of them together.
func each(mode, t string, step func(i int, p *producer, mine *tally) bool) {
	producers := make([]*producer, *conns)
	for i := range producers {
		producers[i] = openProducer(fmt.Sprintf("%s-%s-%d", mode, t, i))
	}
	m := begin()
	deadline := time.Now().Add(*dur)
	all := together(len(producers), func(i int, mine *tally) {
		for more := true; more && time.Now().Before(deadline); {
			t0 := time.Now()
			more = step(i, producers[i], mine)
			mine.lats = append(mine.lats, time.Since(t0))
			mine.ops++
		}
		mine.retries = producers[i].retries
	})
	r := m.end(result{"mode": mode, "topic": t, "parts": *parts, "conns": *conns, "retries": all.retries, "stored": all.records,
		"hash": fmt.Sprintf("%016x", all.hash)}, all.records, all.bytes, all.lats)
	r["txn_s"] = round(float64(all.ops)/r["secs"].(float64), 0)
	if cpu, ok := r["srv_cpu_s"].(float64); ok {
		r["srv_cpu_us_per_txn"] = round(cpu*1e6/float64(all.ops), 1)
	}
	out(r)
}

func transactions() {
	t := fresh()
	_, err := open().create(t, *parts)
	die(err)
	values := valuesFor(*perTxn, *size, false)
	sum := mixAll(values)
	batches := make([][]byte, *conns)
	for i := range batches {
		batches[i], _ = batchOf(values, "none")
	}
	each("txn", t, func(i int, p *producer, mine *tally) bool {
		p.write(t, int32(i%*parts), batches[i])
		p.commit()
		mine.records += int64(*perTxn)
		mine.bytes += int64(*perTxn * *size)
		mine.hash += sum
		return true
	})
}

// copies: copier i carries partition i of -topic over to a topic with as many, batch by batch as they were written.
func copies() {
	from, c := *topic, open()
	*topic = ""
	t := fresh()
	_, err := c.create(t, *parts)
	die(err)
	(&producer{conn: c}).coordinator("group-of-"+t, 0)
	next := make([]int64, *parts)
	*conns = *parts
	each("copy", t, func(i int, p *producer, mine *tally) bool {
		q := p.fetchReq(from, int32(i), next[i], int32(*batch))
		q.IsolationLevel = 1
		r, err := p.do(q)
		die(err)
		part := r.(*kmsg.FetchResponse).Topics[0].Partitions[0]
		die(kerr.ErrorForCode(part.ErrorCode))
		x := part.RecordBatches
		if len(x) < 61 {
			die(fmt.Errorf("nothing is left at offset %d of partition %d", next[i], i))
		}
		x = append([]byte(nil), x[:int(binary.BigEndian.Uint32(x[8:]))+12]...) // what was read lies in the connection's buffer
		one := measure(x)
		binary.BigEndian.PutUint64(x, 0)
		die(eachValue(x[61:], int(one.recs), func(v []byte) {
			mine.hash += mix(v)
			mine.bytes += int64(len(v))
		}))
		mine.records += one.recs
		next[i] = one.next
		p.write(t, int32(i), x)
		p.offset("group-of-"+t, from, int32(i), next[i])
		p.commit()
		return one.next < part.HighWatermark
	})
}
