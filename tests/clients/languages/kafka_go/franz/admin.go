// The administration of franz-go (kadm), the questions of a console that is built on it, and logins.
package main

import (
	"crypto/tls"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	. "sluice/kafka/seen"
)

func setting(all kadm.ResourceConfigs, resource, name string) string {
	for _, one := range all {
		for _, config := range one.Configs {
			if one.Name == resource && config.Key == name {
				return config.MaybeValue()
			}
		}
	}
	return "(missing)"
}

func topics(admin *kadm.Client) {
	Must(admin.CreateTopic(ctx, 2, 1, map[string]*string{"retention.ms": kadm.StringPtr("3600000")}, "made"))
	_, err := admin.CreateTopic(ctx, 2, 1, nil, "made")
	Check(errors.Is(err, kerr.TopicAlreadyExists), "a topic is made once", err)
	_, err = admin.CreateTopic(ctx, 2, 3, nil, "wide")
	Check(errors.Is(err, kerr.InvalidReplicationFactor), "one node has no three replicas", err)
	Check(setting(Must(admin.DescribeTopicConfigs(ctx, "made")), "made", "retention.ms") == "3600000", "a topic has the settings that it was made with")
	changed := Must(admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Name: "cleanup.policy", Value: kadm.StringPtr("compact")},
		{Name: "retention.ms", Op: kadm.DeleteConfig}}, "made"))
	Done(changed[0].Err)
	told := Must(admin.DescribeTopicConfigs(ctx, "made"))
	Check(setting(told, "made", "cleanup.policy") == "compact" && setting(told, "made", "retention.ms") == "604800000", "settings are changed and taken back")
	Done(Must(admin.AlterTopicConfigsState(ctx, nil, "made"))[0].Err)
	Check(setting(Must(admin.DescribeTopicConfigs(ctx, "made")), "made", "cleanup.policy") == "delete", "all settings are set at once")
	Done(Must(admin.CreatePartitions(ctx, 2, "made"))["made"].Err)
	Check(len(Must(admin.ListTopics(ctx, "made"))["made"].Partitions) == 4, "partitions are added")
	for n := range 8 {
		produce([]kgo.Opt{kgo.RecordPartitioner(kgo.ManualPartitioner())}, &kgo.Record{Topic: "made", Partition: int32(n % 4), Value: []byte("value")})
	}
	var before kadm.Offsets
	before.Add(kadm.Offset{Topic: "made", Partition: 1, At: 1})
	deleted := Must(admin.DeleteRecords(ctx, before))
	Check(deleted["made"][1].LowWatermark == 1 && Must(admin.ListStartOffsets(ctx, "made"))["made"][1].Offset == 1, "records are deleted", deleted)
	newest := Must(admin.ListMaxTimestampOffsets(ctx, "made"))["made"][0]
	later := Must(admin.ListOffsetsAfterMilli(ctx, time.Now().Add(time.Hour).UnixMilli(), "made"))["made"][0]
	Check(newest.Offset == 1 && later.Offset == 2, "offsets are found by time", newest, later)
}

// What a console asks for its pages: topics with sizes, groups with lag, settings of brokers, who writes, what moves.
func console(admin *kadm.Client) {
	produce([]kgo.Opt{kgo.ProducerBatchCompression(kgo.NoCompression())}, &kgo.Record{Topic: "made", Value: make([]byte, 10000)})
	sizes := map[string]int64{}
	for _, broker := range Must(admin.DescribeAllLogDirs(ctx, nil)) {
		broker.EachPartition(func(one kadm.DescribedLogDirPartition) { sizes[one.Topic] += one.Size })
	}
	Check(sizes["made"] > 10000, "topics are told with their sizes", sizes)
	var place kadm.Offsets
	place.Add(kadm.Offset{Topic: "made", Partition: 0, At: 1})
	Done(Must(admin.CommitOffsets(ctx, "console", place)).Error())
	lag := Must(admin.Lag(ctx, "console"))["console"]
	Check(lag.Error() == nil && lag.Lag["made"][0].Lag >= 1 && lag.State == "Empty", "groups are told with their lag", lag)
	Must(admin.DeleteOffsets(ctx, "console", kadm.TopicsSet{"made": {0: {}}}))
	Check(len(Must(admin.FetchOffsets(ctx, "console"))) == 0, "offsets of a group are deleted")
	gone := Must(admin.DeleteGroups(ctx, "console", "eager"))
	Check(errors.Is(gone["console"].Err, kerr.GroupIDNotFound) || gone["console"].Err == nil, "and the group", gone)
	Done(gone["eager"].Err)
	brokers := Must(admin.ListBrokers(ctx))
	broker := brokers[0].NodeID
	described := Must(admin.DescribeBrokerConfigs(ctx, broker))
	Check(len(described) == 1 && len(described[0].Configs) > 200, "the settings of a broker fill their page", len(described[0].Configs))
	Done(Must(admin.AlterBrokerConfigs(ctx, []kadm.AlterConfig{{Name: "log.retention.ms", Value: kadm.StringPtr("7200000")}}, broker))[0].Err)
	Check(setting(Must(admin.DescribeTopicConfigs(ctx, "made")), "made", "retention.ms") == "7200000", "a broker's setting is what topics have by default")
	Done(Must(admin.AlterBrokerConfigs(ctx, []kadm.AlterConfig{{Name: "log.retention.ms", Op: kadm.DeleteConfig}}, broker))[0].Err)
	Check(len(Must(admin.ListPartitionReassignments(ctx, nil))) == 0, "nothing moves on one node")
	versions := Must(admin.ApiVersions(ctx))[broker]
	Check(versions.Err == nil && versions.VersionGuess() != "", "versions are told", versions.VersionGuess())
	metadata := Must(admin.Metadata(ctx))
	Check(metadata.Cluster != "" && metadata.Controller == broker, "and the cluster", metadata.Cluster, metadata.Controller)
	Must(admin.ListTransactions(ctx, nil, nil))
	Must(admin.DescribeUserSCRAMs(ctx))
	resources := Must(admin.ListConfigResources(ctx)).Resources
	Check(len(resources) > 0, "resources that have settings are listed", resources)
}

func rules(admin *kadm.Client) {
	topic("secret", 1)
	rule := kadm.NewACLs().Topics("secret").ResourcePatternType(kadm.ACLPatternLiteral).Operations(kadm.OpRead).Allow("User:bob").AllowHosts("*")
	Done(Must(admin.CreateACLs(ctx, rule))[0].Err)
	told := Must(admin.DescribeACLs(ctx, rule))
	Check(len(told) == 1 && len(told[0].Described) == 1 && told[0].Described[0].Principal == "User:bob", "an ACL is made", told)
	writer := client()
	defer writer.Close()
	err := writer.ProduceSync(ctx, &kgo.Record{Topic: "secret"}).FirstErr()
	Check(errors.Is(err, kerr.TopicAuthorizationFailed), "and bites", err)
	gone := Must(admin.DeleteACLs(ctx, rule))
	Check(len(gone) == 1 && len(gone[0].Deleted) == 1, "and is deleted", gone)
	produce(nil, &kgo.Record{Topic: "secret"})
	name := "quick"
	entity := kadm.ClientQuotaEntity{{Type: "client-id", Name: &name}}
	Must(admin.AlterClientQuotas(ctx, []kadm.AlterClientQuotaEntry{{Entity: entity, Ops: []kadm.AlterClientQuotaOp{{Key: "producer_byte_rate", Value: 1e6}}}}))
	quotas := Must(admin.DescribeClientQuotas(ctx, false, []kadm.DescribeClientQuotaComponent{
		{Type: "client-id", MatchName: &name, MatchType: kmsg.QuotasMatchTypeExact}}))
	Check(len(quotas) == 1 && quotas[0].Values[0].Value == 1e6, "a quota is set", quotas)
}

func administer() {
	admin := kadm.NewClient(client())
	defer admin.Close()
	topics(admin)
	console(admin)
	rules(admin)
	Must(admin.DeleteTopics(ctx, "made", "secret"))
	Until(func() bool { return !slices.Contains(Must(admin.ListTopics(ctx)).Names(), "made") }, "topics are deleted")
}

func logins() {
	admin := kadm.NewClient(Must(kgo.NewClient(kgo.SeedBrokers(Guarded), kgo.SASL(plain.Auth{User: "alice", Pass: "secret"}.AsMechanism()))))
	defer admin.Close()
	Must(admin.AlterUserSCRAMs(ctx, nil, []kadm.UpsertSCRAM{{User: "carol", Mechanism: kadm.ScramSha512, Iterations: 8192, Password: "pw"}}))
	alice, carol := scram.Auth{User: "alice", Pass: "secret"}, scram.Auth{User: "carol", Pass: "pw"}
	for name, how := range map[string]sasl.Mechanism{"PLAIN": plain.Auth{User: "alice", Pass: "secret"}.AsMechanism(),
		"SCRAM-SHA-256": alice.AsSha256Mechanism(), "SCRAM-SHA-512": carol.AsSha512Mechanism()} {
		for _, secured := range []*tls.Config{nil, TLS()} {
			options := []kgo.Opt{kgo.SeedBrokers(Guarded), kgo.SASL(how)}
			if secured != nil {
				options = append(options, kgo.DialTLSConfig(secured))
			}
			cl := Must(kgo.NewClient(options...))
			Done(cl.Ping(ctx))
			Must(kadm.NewClient(cl).ListTopics(ctx))
			cl.Close()
		}
		Check(true, name+" is let in, with TLS and without")
	}
	cl := Must(kgo.NewClient(kgo.SeedBrokers(Guarded), kgo.SASL(scram.Auth{User: "alice", Pass: "wrong"}.AsSha256Mechanism())))
	defer cl.Close()
	err := cl.Ping(ctx)
	Check(errors.Is(err, kerr.SaslAuthenticationFailed), "a wrong password is told", err)
}
