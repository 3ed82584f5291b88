// Sarama as it comes: records of every codec, both rebalance protocols, transactions, an exactly-once copy, administration and logins.
package main

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/xdg-go/scram"
	. "sluice/kafka/seen"
)

var at = []string{Kafka}

func config(change ...func(*sarama.Config)) *sarama.Config {
	one := sarama.NewConfig()
	one.Version = sarama.MaxVersion
	one.Producer.Return.Successes = true
	one.Consumer.Offsets.Initial = sarama.OffsetOldest
	for _, do := range change {
		do(one)
	}
	return one
}

func create(admin sarama.ClusterAdmin, name string, partitions int32) string {
	Done(admin.CreateTopic(name, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}, false))
	return name
}

func send(how *sarama.Config, messages ...*sarama.ProducerMessage) {
	producer := Must(sarama.NewSyncProducer(at, how))
	Done(producer.SendMessages(messages))
	Done(producer.Close())
}

func read(topic string, count int, isolation sarama.IsolationLevel) (messages []*sarama.ConsumerMessage) {
	consumer := Must(sarama.NewConsumer(at, config(func(one *sarama.Config) { one.Consumer.IsolationLevel = isolation })))
	defer consumer.Close()
	for _, partition := range Must(consumer.Partitions(topic)) {
		client := Must(sarama.NewClient(at, config()))
		end := Must(client.GetOffset(topic, partition, sarama.OffsetNewest))
		client.Close()
		if end == 0 {
			continue
		}
		from := Must(consumer.ConsumePartition(topic, partition, sarama.OffsetOldest))
		defer from.Close()
		for {
			select {
			case one := <-from.Messages():
				messages = append(messages, one)
			case <-time.After(20 * time.Second):
				Check(false, "records in time", topic, len(messages))
			}
			if len(messages) == count || messages[len(messages)-1].Offset == end-1 {
				break
			}
		}
	}
	return
}

func codecs(admin sarama.ClusterAdmin) {
	moment := time.UnixMilli(time.Now().UnixMilli() - 5000)
	for name, codec := range map[string]sarama.CompressionCodec{"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP,
		"snappy": sarama.CompressionSnappy, "lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD} {
		for _, idempotent := range []bool{false, true} {
			topic := create(admin, fmt.Sprint("codec-", name, "-", idempotent), 1)
			long := sarama.StringEncoder(strings.Repeat("a long value that can be packed; ", 1000))
			send(config(func(one *sarama.Config) {
				one.Producer.Compression = codec
				if one.Producer.Idempotent = idempotent; idempotent {
					one.Producer.RequiredAcks, one.Net.MaxOpenRequests = sarama.WaitForAll, 1
				}
			}), &sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder("k"), Value: long, Timestamp: moment,
				Headers: []sarama.RecordHeader{{Key: []byte("h"), Value: []byte{0, 255}}}},
				&sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder("k"), Timestamp: moment})
			got := read(topic, 2, sarama.ReadUncommitted)
			Check(string(got[0].Value) == string(long) && got[0].Timestamp.Equal(moment) && got[0].Headers[0].Value[1] == 255 && got[1].Value == nil,
				fmt.Sprint(name, ", idempotent ", idempotent, ": values, headers, tombstones and times come back"))
		}
	}
}

// A member of a group that reads on and knows what it has.
type member struct {
	sarama.ConsumerGroup
	leave context.CancelFunc
	left  chan struct{}
	mutex sync.Mutex
	has   int
	read  map[string]bool
	turns int
}

func (m *member) Setup(sarama.ConsumerGroupSession) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.turns++
	return nil
}
func (m *member) add(partitions int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.has += partitions
}
func (m *member) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	m.add(1)
	defer m.add(-1)
	for one := range claim.Messages() {
		m.mutex.Lock()
		m.read[string(one.Value)] = true
		m.mutex.Unlock()
		session.MarkMessage(one, "")
	}
	return nil
}

func join(group string, how *sarama.Config) *member {
	ctx, leave := context.WithCancel(context.Background())
	one := &member{ConsumerGroup: Must(sarama.NewConsumerGroup(at, group, how)), leave: leave, left: make(chan struct{}), read: map[string]bool{}}
	go func() {
		defer close(one.left)
		for ctx.Err() == nil {
			if err := one.Consume(ctx, []string{"groups"}, one); err != nil && !errors.Is(err, sarama.ErrClosedConsumerGroup) {
				Done(err)
			}
		}
	}()
	return one
}

func (m *member) close() {
	m.leave()
	<-m.left
	Done(m.Close())
}

func (m *member) state() (partitions, turns int, read map[string]bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.has, m.turns, maps.Clone(m.read)
}

func holds(count int, members ...*member) func() bool {
	return func() bool {
		return !slices.ContainsFunc(members, func(one *member) bool { has, _, _ := one.state(); return has != count })
	}
}

func groups(admin sarama.ClusterAdmin) {
	create(admin, "groups", 4)
	var messages []*sarama.ProducerMessage
	for n := range 40 {
		messages = append(messages, &sarama.ProducerMessage{Topic: "groups", Partition: int32(n % 4), Value: sarama.StringEncoder(fmt.Sprint(n))})
	}
	send(config(func(one *sarama.Config) { one.Producer.Partitioner = sarama.NewManualPartitioner }), messages...)
	for name, strategy := range map[string]sarama.BalanceStrategy{"range": sarama.NewBalanceStrategyRange(),
		"round-robin": sarama.NewBalanceStrategyRoundRobin(), "sticky": sarama.NewBalanceStrategySticky(),
		"cooperative": sarama.NewBalanceStrategyCooperativeSticky()} {
		how := config(func(one *sarama.Config) {
			one.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{strategy}
			one.Consumer.Group.Heartbeat.Interval = 100 * time.Millisecond
			one.Consumer.Offsets.AutoCommit.Interval = 100 * time.Millisecond
		})
		a := join(name, how)
		Until(holds(4, a), name+": the first member has all partitions")
		b := join(name, how)
		Until(holds(2, a, b), name+": two members have two partitions each")
		told := Must(admin.DescribeConsumerGroups([]string{name}))[0]
		Check(told.State == "Stable" && len(told.Members) == 2, name+": the group is described", told)
		b.close()
		Until(func() bool {
			_, _, all := a.state()
			_, _, others := b.state()
			maps.Copy(all, others)
			return holds(4, a)() && len(all) == 40
		}, name+": who stays takes over, and each record was read")
		Until(func() bool {
			committed := int64(0)
			for _, one := range Must(admin.ListConsumerGroupOffsets(name, nil)).Blocks["groups"] {
				committed += one.Offset
			}
			return committed == 40
		}, name+": all that was read is committed")
		a.close()
		Done(admin.DeleteConsumerGroupOffset(name, "groups", 0))
		Done(admin.DeleteConsumerGroup(name))
	}
	static := func(name string) *sarama.Config {
		return config(func(one *sarama.Config) {
			one.Consumer.Group.InstanceId = name
			one.Consumer.Group.Heartbeat.Interval = 100 * time.Millisecond
		})
	}
	a, b := join("static", static("a")), join("static", static("b"))
	Until(holds(2, a, b), "two static members share")
	_, turns, _ := a.state()
	b.close()
	b = join("static", static("b"))
	Until(holds(2, b), "a static member comes back to its partitions")
	_, later, _ := a.state()
	Check(turns == later, "without a rebalance", turns, later)
	a.close()
	b.close()
	gone := Must(admin.RemoveMemberFromConsumerGroup("static", []string{"a", "b"}))
	Check(len(gone.Members) == 2 && gone.Members[0].Err == sarama.ErrNoError, "an administrator takes static members out", gone)
	listed := Must(admin.ListConsumerGroups())
	Check(listed["static"] == "consumer", "groups are listed", listed)
}

func transactional(id string) sarama.AsyncProducer {
	producer := Must(sarama.NewAsyncProducer(at, config(func(one *sarama.Config) {
		one.Producer.Idempotent, one.Producer.RequiredAcks, one.Net.MaxOpenRequests = true, sarama.WaitForAll, 1
		one.Producer.Transaction.ID = id
	})))
	go func() {
		for range producer.Successes() {
		}
	}()
	go func() {
		for range producer.Errors() {
		}
	}()
	return producer
}

func transactions(admin sarama.ClusterAdmin) {
	create(admin, "transactions", 1)
	producer := transactional("writer")
	for _, value := range []string{"committed", "aborted", "committed too"} {
		Done(producer.BeginTxn())
		producer.Input() <- &sarama.ProducerMessage{Topic: "transactions", Value: sarama.StringEncoder(value)}
		if value == "aborted" {
			Done(producer.AbortTxn())
		} else {
			Done(producer.CommitTxn())
		}
	}
	Done(producer.BeginTxn())
	producer.Input() <- &sarama.ProducerMessage{Topic: "transactions", Value: sarama.StringEncoder("open")}
	newer := transactional("writer") // which aborts what is open
	err := producer.CommitTxn()
	Check(err != nil && producer.TxnStatus()&sarama.ProducerTxnFlagFatalError != 0, "a second producer of the same id fences off the first", err)
	producer.Close()
	Done(newer.BeginTxn())
	newer.Input() <- &sarama.ProducerMessage{Topic: "transactions", Value: sarama.StringEncoder("newer")}
	Done(newer.CommitTxn())
	Done(newer.Close())
	var values []string
	for _, one := range read("transactions", 3, sarama.ReadCommitted) {
		values = append(values, string(one.Value))
	}
	Check(fmt.Sprint(values) == "[committed committed too newer]", "read_committed reads what is committed", values)
}

// Copies and commits the source's place in the same transaction.
type copier struct{ sarama.AsyncProducer }

func (c copier) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (c copier) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (c copier) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	metadata := sarama.NewConsumerGroupMetadataFromSession(session, "copy", nil)
	for one := range claim.Messages() {
		for _, abort := range []bool{one.Offset%10 == 3, false} { // some are done a second time
			Done(c.BeginTxn())
			c.Input() <- &sarama.ProducerMessage{Topic: "copy-into", Value: sarama.ByteEncoder(one.Value)}
			Done(c.AddMessageToTxnWithGroupMetadata(one, metadata, nil))
			if !abort {
				Done(c.CommitTxn())
				break
			}
			Done(c.AbortTxn())
		}
		session.MarkMessage(one, "")
		if one.Offset == 49 {
			return nil
		}
	}
	return nil
}

func copying(admin sarama.ClusterAdmin) {
	create(admin, "copy-from", 1)
	create(admin, "copy-into", 1)
	var messages []*sarama.ProducerMessage
	for n := range 50 {
		messages = append(messages, &sarama.ProducerMessage{Topic: "copy-from", Value: sarama.StringEncoder(fmt.Sprint(n))})
	}
	send(config(), messages...)
	producer := transactional("copy")
	group := Must(sarama.NewConsumerGroup(at, "copy", config(func(one *sarama.Config) {
		one.Consumer.Offsets.AutoCommit.Enable, one.Consumer.IsolationLevel = false, sarama.ReadCommitted
	})))
	Done(group.Consume(context.Background(), []string{"copy-from"}, copier{producer}))
	Done(group.Close())
	Done(producer.Close())
	place := Must(admin.ListConsumerGroupOffsets("copy", map[string][]int32{"copy-from": {0}})).GetBlock("copy-from", 0).Offset
	copied := read("copy-into", 50, sarama.ReadCommitted)
	again := map[string]bool{}
	for _, one := range copied {
		again[string(one.Value)] = true
	}
	Check(len(again) == 50 && place == 50, "each record was copied once, and the place with it", len(again), place)
}

// What sarama leaves to the application: SCRAM itself.
type conversation struct {
	*scram.ClientConversation
	made scram.HashGeneratorFcn
}

func (c *conversation) Begin(user, password, authority string) error {
	c.ClientConversation = Must(c.made.NewClient(user, password, authority)).NewConversation()
	return nil
}

func login(user, password string, mechanism sarama.SASLMechanism, secured bool) error {
	one := config(func(one *sarama.Config) {
		one.Net.SASL.Enable, one.Net.SASL.User, one.Net.SASL.Password, one.Net.SASL.Mechanism = true, user, password, mechanism
		one.Metadata.Retry.Max = 0
		one.Net.SASL.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient {
			if mechanism == sarama.SASLTypeSCRAMSHA256 {
				return &conversation{made: func() hash.Hash { return sha256.New() }}
			}
			return &conversation{made: func() hash.Hash { return sha512.New() }}
		}
		if secured {
			one.Net.TLS.Enable, one.Net.TLS.Config = true, TLS()
		}
	})
	client, err := sarama.NewClient([]string{Guarded}, one)
	if err == nil {
		_, err = client.Topics()
		client.Close()
	}
	return err
}

func logins() {
	for _, mechanism := range []sarama.SASLMechanism{sarama.SASLTypePlaintext, sarama.SASLTypeSCRAMSHA256, sarama.SASLTypeSCRAMSHA512} {
		for _, secured := range []bool{false, true} {
			Done(login("alice", "secret", mechanism, secured))
		}
		err := login("alice", "wrong", mechanism, false)
		Check(errors.Is(err, sarama.ErrSASLAuthenticationFailed), string(mechanism)+" lets in who is known, with TLS and without", err)
	}
}

func main() {
	admin := Must(sarama.NewClusterAdmin(at, config()))
	codecs(admin)
	groups(admin)
	transactions(admin)
	copying(admin)
	administer(admin)
	logins()
	held := map[string]string{}
	for _, one := range read(FromKinesis, 20, sarama.ReadCommitted) {
		held[string(one.Key)] = string(one.Value)
	}
	Check(len(held) == 20 && held["k7"] == "v7", "what was put by Kinesis is read", held)
}
