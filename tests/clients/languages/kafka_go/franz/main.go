// franz-go as it comes: records of every codec, groups of the three protocols, transactions and an exactly-once copy.
// The rest, administration and logins, is in admin.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	. "sluice/kafka/seen"
)

var ctx, stop = context.WithTimeout(context.Background(), 3*time.Minute)

func client(options ...kgo.Opt) *kgo.Client {
	return Must(kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(Kafka)}, options...)...))
}

func topic(name string, partitions int32) string {
	admin := kadm.NewClient(client())
	defer admin.Close()
	Must(admin.CreateTopic(ctx, partitions, 1, nil, name))
	return name
}

func produce(options []kgo.Opt, records ...*kgo.Record) {
	cl := client(options...)
	defer cl.Close()
	Done(cl.ProduceSync(ctx, records...).FirstErr())
}

// Reads so many records from the beginning of the topics.
func consume(count int, options ...kgo.Opt) (records []*kgo.Record) {
	cl := client(append(options, kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	defer cl.Close()
	for len(records) < count {
		polled := cl.PollFetches(ctx)
		Done(polled.Err())
		records = append(records, polled.Records()...)
	}
	return
}

func values(records []*kgo.Record) (all []string) {
	for _, one := range records {
		all = append(all, string(one.Value))
	}
	return
}

func codecs() {
	moment := time.UnixMilli(time.Now().UnixMilli() - 5000)
	for name, codec := range map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()} {
		into := topic("codec-"+name, 1)
		long := slices.Repeat([]byte("a long value that can be packed; "), 1000)
		produce([]kgo.Opt{kgo.ProducerBatchCompression(codec)},
			&kgo.Record{Topic: into, Key: []byte("k"), Value: long, Timestamp: moment,
				Headers: []kgo.RecordHeader{{Key: "h", Value: []byte{0, 255}}, {Key: "h", Value: nil}}},
			&kgo.Record{Topic: into, Key: []byte("k"), Value: nil, Timestamp: moment},
			&kgo.Record{Topic: into, Key: nil, Value: []byte{}})
		got := consume(3, kgo.ConsumeTopics(into))
		first := got[0]
		Check(slices.Equal(first.Value, long) && first.Timestamp.Equal(moment) && len(first.Headers) == 2 && first.Headers[0].Value[1] == 255 &&
			first.Headers[1].Value == nil && got[1].Value == nil && got[2].Key == nil && got[2].Value != nil &&
			(name == "none") == (first.Attrs.CompressionType() == 0), name+": values, headers, tombstones and times come back", got[0].Attrs)
	}
}

// A member of a group that reads on and knows what it has.
type member struct {
	*kgo.Client
	mutex sync.Mutex
	has   map[int32]bool
	read  map[string]bool
}

func join(in context.Context, group string, options ...kgo.Opt) *member {
	one := &member{has: map[int32]bool{}, read: map[string]bool{}}
	change := func(has bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, changed map[string][]int32) {
			one.mutex.Lock()
			defer one.mutex.Unlock()
			for _, partitions := range changed {
				for _, partition := range partitions {
					if has {
						one.has[partition] = true
					} else {
						delete(one.has, partition)
					}
				}
			}
		}
	}
	one.Client = client(append([]kgo.Opt{kgo.WithContext(in), kgo.ConsumerGroup(group), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.OnPartitionsAssigned(change(true)), kgo.OnPartitionsRevoked(change(false)), kgo.OnPartitionsLost(change(false))}, options...)...)
	go func() {
		for {
			polled := one.PollFetches(ctx)
			if polled.IsClientClosed() {
				return
			}
			one.mutex.Lock()
			for _, record := range polled.Records() {
				one.read[string(record.Value)] = true
			}
			one.mutex.Unlock()
		}
	}()
	return one
}

func (m *member) values() map[string]bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return maps.Clone(m.read)
}

func (m *member) count() int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return len(m.has)
}

func groups() {
	into := topic("groups", 4)
	for n := range 40 {
		produce([]kgo.Opt{kgo.RecordPartitioner(kgo.ManualPartitioner())}, &kgo.Record{Topic: into, Partition: int32(n % 4), Value: []byte{byte(n)}})
	}
	next := context.WithValue(ctx, "opt_in_kafka_next_gen_balancer_beta", true)
	for _, one := range []struct {
		name     string
		in       context.Context
		balancer kgo.GroupBalancer
		protocol string
	}{{"eager", ctx, kgo.RangeBalancer(), "Classic"}, {"cooperative", ctx, kgo.CooperativeStickyBalancer(), "Classic"},
		{"consumer", next, kgo.StickyBalancer(), "Consumer"}} {
		how := []kgo.Opt{kgo.ConsumeTopics(into), kgo.Balancers(one.balancer), kgo.HeartbeatInterval(100 * time.Millisecond), kgo.AutoCommitInterval(100 * time.Millisecond)}
		a := join(one.in, one.name, how...)
		Until(func() bool { return a.count() == 4 }, one.name+": the first member has all partitions")
		b := join(one.in, one.name, how...)
		Until(func() bool { return a.count() == 2 && b.count() == 2 }, one.name+": two members have two partitions each")
		if one.protocol == "Consumer" {
			admin := kadm.NewClient(a.Client)
			told := Must(admin.DescribeConsumerGroups(ctx, one.name))[one.name]
			Check(told.Err == nil && len(told.Members) == 2 && told.AssignorName == "uniform" && told.State == "Stable", "a group of the new protocol", told)
		}
		b.Close()
		Until(func() bool {
			read := a.values()
			maps.Copy(read, b.values())
			return a.count() == 4 && len(read) == 40
		}, one.name+": who stays takes over, and each record was read")
		admin := kadm.NewClient(client())
		Until(func() bool {
			committed := int64(0)
			for _, place := range Must(admin.FetchOffsets(ctx, one.name)).Sorted() {
				committed += place.At
			}
			return committed == 40
		}, one.name+": all that was read is committed")
		a.Close()
		listed := Must(admin.ListGroups(ctx))
		Check(listed[one.name].State == "Empty", one.name+": the group is listed as empty", listed)
		admin.Close()
	}
}

// Who comes back under its own name gets what it had, and nobody is told of a rebalance.
func staticMember() {
	how := []kgo.Opt{kgo.ConsumeTopics("groups"), kgo.HeartbeatInterval(100 * time.Millisecond), kgo.SessionTimeout(30 * time.Second)}
	a := join(ctx, "static", append(how, kgo.InstanceID("a"))...)
	b := join(ctx, "static", append(how, kgo.InstanceID("b"))...)
	Until(func() bool { return a.count() == 2 && b.count() == 2 }, "two static members share")
	admin := kadm.NewClient(client())
	defer admin.Close()
	before := Must(admin.DescribeGroups(ctx, "static"))["static"]
	_, generation := a.GroupMetadata()
	b.Close()
	b = join(ctx, "static", append(how, kgo.InstanceID("b"))...)
	Until(func() bool { return b.count() == 2 }, "a static member comes back to its partitions")
	_, later := a.GroupMetadata()
	after := Must(admin.DescribeGroups(ctx, "static"))["static"]
	Check(generation == later && len(before.Members) == 2 && len(after.Members) == 2 && *after.Members[0].InstanceID != *after.Members[1].InstanceID,
		"without a rebalance", generation, later, before, after)
	b.Close()
	a.Close()
	Must(admin.LeaveGroup(ctx, kadm.LeaveGroup("static").InstanceIDs("a", "b")))
	Check(Must(admin.DescribeGroups(ctx, "static"))["static"].State == "Empty", "an administrator takes static members out")
}

func transactions() {
	into := topic("transactions", 1)
	cl := client(kgo.TransactionalID("writer"), kgo.DefaultProduceTopic(into))
	for _, value := range []string{"committed", "aborted", "committed too"} {
		Done(cl.BeginTransaction())
		Done(cl.ProduceSync(ctx, kgo.StringRecord(value)).FirstErr())
		Done(cl.EndTransaction(ctx, kgo.TransactionEndTry(value != "aborted")))
	}
	Done(cl.BeginTransaction())
	Done(cl.ProduceSync(ctx, kgo.StringRecord("open")).FirstErr())
	admin := kadm.NewClient(client())
	defer admin.Close()
	told := Must(admin.DescribeTransactions(ctx, "writer"))["writer"]
	Check(told.State == "Ongoing" && told.Topics.Lookup(into, 0), "an open transaction is described", told)
	producers := Must(admin.DescribeProducers(ctx, kadm.TopicsSet{into: {0: {}}}))[into].Partitions[0].ActiveProducers
	Check(producers.Sorted()[0].CurrentTxnStartOffset >= 0, "and its producer", producers)
	committed := Must(admin.ListCommittedOffsets(ctx, into))[into][0].Offset
	end := Must(admin.ListEndOffsets(ctx, into))[into][0].Offset
	Check(committed == 6 && end == 7, "what is open lies behind the last stable offset", committed, end)
	read := values(consume(2, kgo.ConsumeTopics(into), kgo.FetchIsolationLevel(kgo.ReadCommitted())))
	Check(fmt.Sprint(read) == "[committed committed too]", "read_committed reads what is committed", read)
	read = values(consume(4, kgo.ConsumeTopics(into)))
	Check(len(read) == 4, "read_uncommitted reads all", read)
	newer := client(kgo.TransactionalID("writer"), kgo.DefaultProduceTopic(into))
	Done(newer.BeginTransaction())
	Done(newer.ProduceSync(ctx, kgo.StringRecord("newer")).FirstErr())
	err := cl.EndTransaction(ctx, kgo.TryCommit)
	Check(errors.Is(err, kerr.ProducerFenced) || errors.Is(err, kerr.InvalidProducerEpoch), "a second producer of the same id fences off the first", err)
	Done(newer.EndTransaction(ctx, kgo.TryCommit))
	newer.Close()
	cl.Close()
}

func copying() {
	from, into := topic("copy-from", 2), topic("copy-into", 2)
	var all []*kgo.Record
	for n := range 300 {
		all = append(all, &kgo.Record{Topic: from, Key: fmt.Append(nil, n), Value: fmt.Append(nil, n)})
	}
	produce(nil, all...)
	session := Must(kgo.NewGroupTransactSession(kgo.SeedBrokers(Kafka), kgo.TransactionalID("copy"), kgo.ConsumerGroup("copy"), kgo.ConsumeTopics(from),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.RequireStableFetchOffsets()))
	for read, turn := 0, 0; read < 300; turn++ {
		polled := session.PollRecords(ctx, 50)
		Done(polled.Err())
		Done(session.Begin())
		for _, one := range polled.Records() {
			session.Produce(ctx, &kgo.Record{Topic: into, Key: one.Key, Value: one.Value}, func(_ *kgo.Record, err error) { Done(err) })
		}
		Done(session.Client().Flush(ctx))
		commit := turn%3 != 1 // each third is aborted: the session goes back to where it was
		committed := Must(session.End(ctx, kgo.TransactionEndTry(commit)))
		if committed != commit {
			Check(false, "a turn of the copy ends as it is to", commit)
		}
		if committed {
			read += polled.NumRecords()
		}
	}
	session.Close()
	copied := values(consume(300, kgo.ConsumeTopics(into), kgo.FetchIsolationLevel(kgo.ReadCommitted())))
	slices.Sort(copied)
	Check(len(copied) == 300 && len(slices.Compact(copied)) == 300, "each record was copied once", len(copied))
}

// A record that is released comes again, one that is rejected does not.
func share() {
	into := topic("shared", 1)
	admin := kadm.NewClient(client())
	defer admin.Close()
	cl := client(kgo.ShareGroup("share"), kgo.ConsumeTopics(into))
	setting := kmsg.IncrementalAlterConfigsRequestResourceConfig{Name: "share.auto.offset.reset", Value: kadm.StringPtr("earliest")}
	group := kmsg.IncrementalAlterConfigsRequestResource{ResourceType: kmsg.ConfigResourceTypeGroupConfig, ResourceName: "share",
		Configs: []kmsg.IncrementalAlterConfigsRequestResourceConfig{setting}}
	ask := kmsg.NewPtrIncrementalAlterConfigsRequest()
	ask.Resources = append(ask.Resources, group)
	Done(kerr.ErrorForCode(Must(ask.RequestWith(ctx, cl)).Resources[0].ErrorCode))
	produce(nil, &kgo.Record{Topic: into, Value: []byte("0")}, &kgo.Record{Topic: into, Value: []byte("1")}, &kgo.Record{Topic: into, Value: []byte("2")})
	counts, settled := map[string]int32{}, 0
	for settled < 3 {
		polled := cl.PollFetches(ctx)
		Done(polled.Err())
		for _, one := range polled.Records() {
			value := string(one.Value)
			switch counts[value] = one.DeliveryCount(); {
			case value == "1" && counts[value] == 1:
				one.Ack(kgo.AckRelease)
				continue
			case value == "2":
				one.Ack(kgo.AckReject)
			default:
				one.Ack(kgo.AckAccept)
			}
			settled++
		}
		Done(cl.FlushAcks(ctx))
	}
	Check(counts["0"] == 1 && counts["1"] == 2 && counts["2"] == 1, "of a share group only what was released comes again", counts)
	told := Must(admin.DescribeShareGroups(ctx, "share"))["share"]
	Check(told.Err == nil && len(told.Members) == 1, "the share group is described", told)
	cl.Close()
	offsets := Must(admin.DescribeShareGroupOffsets(ctx, "share"))["share"]
	Check(offsets.Err == nil, "and where it is", offsets)
}

func main() {
	defer stop()
	codecs()
	groups()
	staticMember()
	transactions()
	copying()
	share()
	administer()
	logins()
	got := consume(20, kgo.ConsumeTopics(FromKinesis))
	held := map[string]string{}
	for _, one := range got {
		held[string(one.Key)] = string(one.Value)
	}
	Check(len(held) == 20 && held["k7"] == "v7", "what was put by Kinesis is read", held)
}
