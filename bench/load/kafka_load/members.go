// rebalance: how long a group of -n franz-go consumers has no whole assignment when it is new, and when one leaves and another comes. A whole
// one: every partition is owned once, and no member has two more than another.
package main

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

var (
	protocol = flag.String("protocol", "consumer", "rebalance: consumer (KIP-848) or classic")
	swaps    = flag.Int("swaps", 5, "rebalance: how often one leaves and another comes")
)

// crew knows who owns what, as the clients are told.
type crew struct {
	sync.Mutex
	owned map[*kgo.Client]map[int32]bool
	told  chan struct{}
}

func (g *crew) change(cl *kgo.Client, parts []int32, own bool) {
	g.Lock()
	for _, p := range parts {
		if own {
			g.owned[cl][p] = true
		} else {
			delete(g.owned[cl], p)
		}
	}
	g.Unlock()
	select {
	case g.told <- struct{}{}:
	default:
	}
}

func (g *crew) whole() bool {
	g.Lock()
	defer g.Unlock()
	seen, sum, least, most := map[int32]bool{}, 0, *parts, 0
	for _, mine := range g.owned {
		sum, least, most = sum+len(mine), min(least, len(mine)), max(most, len(mine))
		for p := range mine {
			seen[p] = true
		}
	}
	return sum == *parts && len(seen) == *parts && most-least <= 1
}

func (g *crew) join(t, group string) *kgo.Client {
	gain := func(_ context.Context, cl *kgo.Client, m map[string][]int32) { g.change(cl, m[t], true) }
	lose := func(_ context.Context, cl *kgo.Client, m map[string][]int32) { g.change(cl, m[t], false) }
	more := []kgo.Opt{maxVers(), kgo.SeedBrokers(*boot), kgo.ConsumerGroup(group), kgo.ConsumeTopics(t), kgo.DisableAutoCommit(),
		kgo.OnPartitionsAssigned(gain), kgo.OnPartitionsRevoked(lose), kgo.OnPartitionsLost(lose)}
	if *protocol == "consumer" {
		more = append(more, kgo.ServerSideBalancer(), kgo.Balancers(kgo.RangeBalancer()))
	}
	g.Lock()
	defer g.Unlock() // nobody is told anything of a member that is not in the map yet
	cl, err := kgo.NewClient(more...)
	die(err)
	g.owned[cl] = map[int32]bool{}
	return cl
}

func (g *crew) settle(began time.Time) time.Duration {
	for !g.whole() {
		select {
		case <-g.told:
		case <-time.After(time.Until(began.Add(120 * time.Second))):
			die(fmt.Errorf("no whole assignment after two minutes"))
		}
	}
	return time.Since(began)
}

func rebalance() {
	c := open()
	if *protocol == "consumer" {
		c.has(68)
	}
	t := fresh()
	_, err := c.create(t, *parts)
	die(err)
	g := &crew{owned: map[*kgo.Client]map[int32]bool{}, told: make(chan struct{}, 1)}
	m := begin()
	began := time.Now()
	var members []*kgo.Client
	for range *n {
		members = append(members, g.join(t, "crew-"+t))
	}
	first := g.settle(began)
	var took []time.Duration
	for range *swaps {
		began = time.Now()
		gone := members[0]
		members = append(members[1:], g.join(t, "crew-"+t))
		gone.Close()
		g.Lock()
		delete(g.owned, gone)
		g.Unlock()
		took = append(took, g.settle(began))
	}
	r := m.end(result{"mode": "rebalance", "members": *n, "parts": *parts, "protocol": *protocol, "first_ms": round(float64(first)/1e6, 1)}, 0, 0, took)
	r["swap_ms"] = r["p50_ms"]
	out(r)
	var wg sync.WaitGroup
	for _, cl := range members {
		wg.Add(1)
		go func() { defer wg.Done(); cl.Close() }()
	}
	wg.Wait()
}
