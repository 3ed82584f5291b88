// fresh: what a new topic and a new consumer group wait for on a server that is already warm, as medians. drop: deletes topics.
// idle: holds connections that say ApiVersions once and then nothing, until its standard input closes.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sort"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func medianMS(l []time.Duration) float64 {
	sort.Slice(l, func(i, j int) bool { return l[i] < l[j] })
	return round(float64(l[len(l)/2])/1e6, 3)
}

// usable: CreateTopics, Metadata until there is a leader, the first accepted Produce.
func (c *conn) usable(t string) time.Duration {
	t0 := time.Now()
	_, err := c.create(t, 1)
	die(err)
	for {
		r, err := c.do(c.produceReq(t, 0, plainBatch(1, 10)))
		die(err)
		if produceErr(r) == nil {
			return time.Since(t0)
		}
		if time.Since(t0) > 20*time.Second {
			die(produceErr(r))
		}
		time.Sleep(time.Millisecond)
	}
}

func assigned(t, group string) time.Duration {
	got := make(chan struct{}, 1)
	t0 := time.Now()
	cl, err := kgo.NewClient(maxVers(), kgo.SeedBrokers(*boot), kgo.ConsumerGroup(group), kgo.ConsumeTopics(t), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, m map[string][]int32) {
			if len(m) > 0 {
				select {
				case got <- struct{}{}:
				default:
				}
			}
		}))
	die(err)
	defer cl.Close()
	select {
	case <-got:
		return time.Since(t0)
	case <-time.After(20 * time.Second):
		die(fmt.Errorf("no assignment in 20 s"))
		return 0
	}
}

func firsts() {
	c := open()
	name := fresh()
	var topics, groups []time.Duration
	for i := 0; i < 20; i++ {
		topics = append(topics, c.usable(fmt.Sprintf("%s-%d", name, i)))
	}
	if !*noGrp {
		for i := 0; i < 7 && (i == 0 || groups[0] < time.Second); i++ { // a broker that delays its first rebalance by seconds is asked once
			groups = append(groups, assigned(name+"-0", fmt.Sprintf("%s-g%d", name, i)))
		}
	}
	r := result{"mode": "fresh", "create_to_produce_ms": medianMS(topics)}
	if len(groups) > 0 {
		r["first_assignment_ms"] = medianMS(groups)
	}
	out(r)
}

func drop() {
	c := open()
	q := c.ver(kmsg.NewPtrDeleteTopicsRequest(), 4).(*kmsg.DeleteTopicsRequest)
	q.TopicNames, q.TimeoutMillis = []string{*topic}, 10000
	t0 := time.Now()
	r, err := c.do(q)
	die(err)
	took := time.Since(t0)
	die(kerr.ErrorForCode(r.(*kmsg.DeleteTopicsResponse).Topics[0].ErrorCode))
	out(result{"mode": "drop", "topic": *topic, "ms": round(float64(took)/1e6, 3)})
}

func idle() {
	held := make([]*conn, *conns)
	for i := range held {
		held[i] = open()
	}
	out(result{"mode": "idle", "conns": len(held)})
	io.Copy(io.Discard, os.Stdin)
}
