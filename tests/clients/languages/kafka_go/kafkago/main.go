// kafka-go as it comes: records of every codec, groups, what it has of transactions (places without records), administration and logins.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
	. "sluice/kafka/seen"
)

var ctx, stop = context.WithTimeout(context.Background(), 2*time.Minute)
var client = &kafka.Client{Addr: kafka.TCP(Kafka)}

func create(name string, partitions int) string {
	told := Must(client.CreateTopics(ctx, &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}}}))
	Done(told.Errors[name])
	return name
}

func write(writer *kafka.Writer, messages ...kafka.Message) error {
	writer.Addr, writer.BatchTimeout = kafka.TCP(Kafka), time.Millisecond
	if writer.Transport == nil {
		writer.Transport = &kafka.Transport{}
	}
	defer writer.Close()
	return writer.WriteMessages(ctx, messages...)
}

func read(topic string, partition, count int) (messages []kafka.Message) {
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{Kafka}, Topic: topic, Partition: partition, IsolationLevel: kafka.ReadCommitted,
		MaxWait: 100 * time.Millisecond})
	defer reader.Close()
	for range count {
		messages = append(messages, Must(reader.ReadMessage(ctx)))
	}
	return
}

func codecs() {
	moment := time.UnixMilli(time.Now().UnixMilli() - 5000)
	long := strings.Repeat("a long value that can be packed; ", 1000)
	for name, codec := range map[string]kafka.Compression{"none": 0, "gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd} {
		into := create("codec-"+name, 1)
		Done(write(&kafka.Writer{Topic: into, Compression: codec, RequiredAcks: kafka.RequireAll},
			kafka.Message{Key: []byte("k"), Value: []byte(long), Time: moment, Headers: []kafka.Header{{Key: "h", Value: []byte{0, 255}}}},
			kafka.Message{Key: []byte("k"), Time: moment}))
		got := read(into, 0, 2)
		Check(string(got[0].Value) == long && got[0].Time.Equal(moment) && got[0].Headers[0].Value[1] == 255 && got[1].Value == nil,
			name+": values, headers, tombstones and times come back")
	}
}

// A member of a group that reads on, commits, and knows what it was given.
type member struct {
	group *kafka.ConsumerGroup
	mutex sync.Mutex
	has   int
	read  map[string]bool
}

func join(group string, balancer kafka.GroupBalancer) *member {
	one := &member{read: map[string]bool{}, group: Must(kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{ID: group, Brokers: []string{Kafka},
		Topics: []string{"groups"}, GroupBalancers: []kafka.GroupBalancer{balancer}, StartOffset: kafka.FirstOffset,
		HeartbeatInterval: 100 * time.Millisecond}))}
	go func() {
		for {
			generation, err := one.group.Next(ctx)
			if errors.Is(err, kafka.ErrGroupClosed) {
				return
			}
			Done(err)
			one.mutex.Lock()
			one.has = len(generation.Assignments["groups"])
			one.mutex.Unlock()
			for _, given := range generation.Assignments["groups"] {
				generation.Start(func(ctx context.Context) { one.follow(ctx, generation, given) })
			}
		}
	}()
	return one
}

func (m *member) follow(ctx context.Context, generation *kafka.Generation, given kafka.PartitionAssignment) {
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{Kafka}, Topic: "groups", Partition: given.ID, MaxWait: 100 * time.Millisecond})
	defer reader.Close()
	Done(reader.SetOffset(given.Offset))
	for {
		one, err := reader.ReadMessage(ctx)
		if err != nil {
			return // the generation is over
		}
		m.mutex.Lock()
		m.read[string(one.Value)] = true
		m.mutex.Unlock()
		_ = generation.CommitOffsets(map[string]map[int]int64{"groups": {given.ID: one.Offset + 1}})
	}
}

func (m *member) state() (int, map[string]bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.has, maps.Clone(m.read)
}

func groups() {
	create("groups", 4)
	var messages []kafka.Message
	for n := range 40 {
		messages = append(messages, kafka.Message{Value: fmt.Append(nil, n)})
	}
	Done(write(&kafka.Writer{Topic: "groups", Balancer: &kafka.RoundRobin{}}, messages...))
	for name, balancer := range map[string]kafka.GroupBalancer{"range": kafka.RangeGroupBalancer{}, "round-robin": kafka.RoundRobinGroupBalancer{}} {
		a := join(name, balancer)
		Until(func() bool { has, _ := a.state(); return has == 4 }, name+": the first member has all partitions")
		b := join(name, balancer)
		Until(func() bool {
			has, _ := a.state()
			other, _ := b.state()
			return has == 2 && other == 2
		}, name+": two members have two partitions each")
		told := Must(client.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{name}})).Groups[0]
		Check(told.Error == nil && told.GroupState == "Stable" && len(told.Members) == 2, name+": the group is described", told)
		Done(b.group.Close())
		Until(func() bool {
			has, all := a.state()
			_, others := b.state()
			maps.Copy(all, others)
			return has == 4 && len(all) == 40
		}, name+": who stays takes over, and each record was read")
		Until(func() bool {
			places := Must(client.ConsumerOffsets(ctx, kafka.TopicAndGroup{Topic: "groups", GroupId: name}))
			committed := int64(0)
			for _, place := range places {
				committed += place
			}
			return committed == 40
		}, name+": all that was read is committed")
		Done(a.group.Close())
		Done(Must(client.OffsetDelete(ctx, &kafka.OffsetDeleteRequest{GroupID: name, Topics: map[string][]int{"groups": {0}}})).Error)
		Done(Must(client.DeleteGroups(ctx, &kafka.DeleteGroupsRequest{GroupIDs: []string{name}})).Errors[name])
	}
}

// Its transactions carry places of a group; it has no transactional writer.
func transactions() {
	for _, commit := range []bool{false, true} {
		made := Must(client.InitProducerID(ctx, &kafka.InitProducerIDRequest{TransactionalID: "places", TransactionTimeoutMs: 10000,
			ProducerID: -1, ProducerEpoch: -1}))
		Done(made.Error)
		id, epoch := made.Producer.ProducerID, made.Producer.ProducerEpoch
		added := Must(client.AddOffsetsToTxn(ctx, &kafka.AddOffsetsToTxnRequest{
			TransactionalID: "places", ProducerID: id, ProducerEpoch: epoch, GroupID: "placed"}))
		Done(added.Error)
		placed := Must(client.TxnOffsetCommit(ctx, &kafka.TxnOffsetCommitRequest{TransactionalID: "places", GroupID: "placed", ProducerID: id,
			ProducerEpoch: epoch, GenerationID: -1, Topics: map[string][]kafka.TxnOffsetCommit{"groups": {{Partition: 0, Offset: 7}}}}))
		Done(placed.Topics["groups"][0].Error)
		Done(Must(client.EndTxn(ctx, &kafka.EndTxnRequest{TransactionalID: "places", ProducerID: id, ProducerEpoch: epoch, Committed: commit})).Error)
		told := Must(client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: "placed", Topics: map[string][]int{"groups": {0}}}))
		place := told.Topics["groups"][0].CommittedOffset
		Check(place == map[bool]int64{false: -1, true: 7}[commit], fmt.Sprint("a place in a transaction, committed: ", commit), place)
	}
}

func setting(name string) string {
	told := Must(client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{
		Resources: []kafka.DescribeConfigRequestResource{{ResourceType: kafka.ResourceTypeTopic, ResourceName: "made", ConfigNames: []string{name}}}}))
	return told.Resources[0].ConfigEntries[0].ConfigValue
}

func administer() {
	create("made", 2)
	told := Must(client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: "made", NumPartitions: 2, ReplicationFactor: 1}}}))
	Check(errors.Is(told.Errors["made"], kafka.TopicAlreadyExists), "a topic is made once", told.Errors)
	Must(client.AlterConfigs(ctx, &kafka.AlterConfigsRequest{Resources: []kafka.AlterConfigRequestResource{{ResourceType: kafka.ResourceTypeTopic,
		ResourceName: "made", Configs: []kafka.AlterConfigRequestConfig{{Name: "retention.ms", Value: "3600000"}}}}}))
	Check(setting("retention.ms") == "3600000", "settings are set")
	Must(client.IncrementalAlterConfigs(ctx, &kafka.IncrementalAlterConfigsRequest{Resources: []kafka.IncrementalAlterConfigsRequestResource{{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: "made", Configs: []kafka.IncrementalAlterConfigsRequestConfig{
			{Name: "cleanup.policy", Value: "compact", ConfigOperation: kafka.ConfigOperationAppend}}}}}))
	Check(setting("cleanup.policy") == "delete,compact", "and changed one by one")
	grown := Must(client.CreatePartitions(ctx, &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: "made", Count: 4}}}))
	Done(grown.Errors["made"])
	fresh := &kafka.Client{Addr: client.Addr, Transport: &kafka.Transport{}} // which remembers nothing
	cluster := Must(fresh.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{"made"}}))
	Check(len(cluster.Topics[0].Partitions) == 4 && cluster.Controller.Port > 0, "partitions are added", cluster)
	Done(write(&kafka.Writer{Topic: "made", Balancer: kafka.BalancerFunc(func(kafka.Message, ...int) int { return 0 })},
		kafka.Message{Key: []byte("k"), Value: []byte("1")}, kafka.Message{Key: []byte("k"), Value: []byte("2")}))
	places := Must(client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{
		"made": {kafka.FirstOffsetOf(0), kafka.LastOffsetOf(0)}}})).Topics["made"][0]
	Check(places.FirstOffset == 0 && places.LastOffset == 2, "offsets are listed", places)
	rule := kafka.ACLEntry{ResourceType: kafka.ResourceTypeTopic, ResourceName: "made", ResourcePatternType: kafka.PatternTypeLiteral,
		Principal: "User:bob", Host: "*", Operation: kafka.ACLOperationTypeRead, PermissionType: kafka.ACLPermissionTypeAllow}
	Done(Must(client.CreateACLs(ctx, &kafka.CreateACLsRequest{ACLs: []kafka.ACLEntry{rule}})).Errors[0])
	err := write(&kafka.Writer{Topic: "made", MaxAttempts: 1}, kafka.Message{Value: []byte("v")})
	Check(errors.Is(err, kafka.UnknownTopicOrPartition), "an ACL hides the topic from its list of all topics", err)
	gone := Must(client.DeleteACLs(ctx, &kafka.DeleteACLsRequest{Filters: []kafka.DeleteACLsFilter{{ResourceTypeFilter: kafka.ResourceTypeTopic,
		ResourceNameFilter: "made", ResourcePatternTypeFilter: kafka.PatternTypeAny, Operation: kafka.ACLOperationTypeAny,
		PermissionType: kafka.ACLPermissionTypeAny}}}))
	Check(len(gone.Results[0].MatchingACLs) == 1, "and is deleted", gone)
	Done(Must(client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{"made"}})).Errors["made"])
	listed := Must(client.ListGroups(ctx, &kafka.ListGroupsRequest{}))
	Check(len(listed.Groups) == 1 && listed.Groups[0].GroupID == "placed", "groups are listed", listed)
}

func login(mechanism sasl.Mechanism, secured *tls.Config) error {
	cl := &kafka.Client{Addr: kafka.TCP(Guarded), Transport: &kafka.Transport{SASL: mechanism, TLS: secured}}
	_, err := cl.Metadata(ctx, &kafka.MetadataRequest{})
	return err
}

func logins() {
	for _, mechanism := range []sasl.Mechanism{plain.Mechanism{Username: "alice", Password: "secret"}, Must(scram.Mechanism(scram.SHA256, "alice", "secret")),
		Must(scram.Mechanism(scram.SHA512, "alice", "secret"))} {
		Done(login(mechanism, nil))
		Done(login(mechanism, TLS()))
		Check(true, mechanism.Name()+" is let in, with TLS and without")
	}
	err := login(plain.Mechanism{Username: "alice", Password: "wrong"}, nil)
	Check(errors.Is(err, kafka.SASLAuthenticationFailed), "a wrong password is told", err)
}

func main() {
	defer stop()
	codecs()
	groups()
	transactions()
	administer()
	logins()
	held := map[string]string{}
	for partition := range 2 {
		places := Must(client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{FromKinesis: {kafka.LastOffsetOf(partition)}}}))
		for _, one := range read(FromKinesis, partition, int(places.Topics[FromKinesis][0].LastOffset)) {
			held[string(one.Key)] = string(one.Value)
		}
	}
	Check(len(held) == 20 && held["k7"] == "v7", "what was put by Kinesis is read", held)
}
