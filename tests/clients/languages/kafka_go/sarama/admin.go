// Sarama's administration: topics, settings, partitions, records, groups, ACLs, quotas, users.
package main

import (
	"errors"
	"fmt"

	"github.com/IBM/sarama"
	. "sluice/kafka/seen"
)

func setting(admin sarama.ClusterAdmin, kind sarama.ConfigResourceType, resource, name string) string {
	for _, one := range Must(admin.DescribeConfig(sarama.ConfigResource{Type: kind, Name: resource, ConfigNames: []string{name}})) {
		return one.Value
	}
	return "(missing)"
}

func topics(admin sarama.ClusterAdmin) {
	create(admin, "made", 2)
	err := admin.CreateTopic("made", &sarama.TopicDetail{NumPartitions: 2, ReplicationFactor: 1}, false)
	Check(errors.Is(err, sarama.ErrTopicAlreadyExists), "a topic is made once", err)
	hour, compact := "3600000", "compact"
	Done(admin.AlterConfig(sarama.TopicResource, "made", map[string]*string{"retention.ms": &hour}, false))
	Check(setting(admin, sarama.TopicResource, "made", "retention.ms") == hour, "settings are set")
	Done(admin.IncrementalAlterConfig(sarama.TopicResource, "made", map[string]sarama.IncrementalAlterConfigsEntry{
		"cleanup.policy": {Operation: sarama.IncrementalAlterConfigsOperationAppend, Value: &compact},
		"retention.ms":   {Operation: sarama.IncrementalAlterConfigsOperationDelete}}, false))
	Check(setting(admin, sarama.TopicResource, "made", "cleanup.policy") == "delete,compact", "and changed one by one")
	Done(admin.CreatePartitions("made", 4, nil, false))
	Check(len(Must(admin.DescribeTopics([]string{"made"}))[0].Partitions) == 4, "partitions are added")
	var messages []*sarama.ProducerMessage
	for range 5 {
		messages = append(messages, &sarama.ProducerMessage{Topic: "made", Key: sarama.StringEncoder("k"), Value: sarama.StringEncoder("v")})
	}
	send(config(func(one *sarama.Config) { one.Producer.Partitioner = sarama.NewManualPartitioner }), messages...)
	Done(admin.DeleteRecords("made", map[int32]int64{0: 2}))
	found := Must(admin.ListOffsets(map[string]map[int32]int64{"made": {0: sarama.OffsetOldest}}, nil))["made"][0]
	Check(found.Offset == 2, "records are deleted", found)
	sizes := int64(0)
	for _, folders := range Must(admin.DescribeLogDirs([]int32{1})) {
		for _, folder := range folders {
			for _, topic := range folder.Topics {
				for _, partition := range topic.Partitions {
					sizes += partition.Size
				}
			}
		}
	}
	Check(sizes > 0, "sizes are told", sizes)
	_, err = admin.AlterConsumerGroupOffsets("placed", map[string]map[int32]sarama.OffsetAndMetadata{"made": {0: {Offset: 3, LeaderEpoch: -1}}}, nil)
	Done(err)
	place := Must(admin.ListConsumerGroupOffsetsBatch(map[string]map[string][]int32{"placed": nil}))["placed"]
	Check(place.Blocks["made"][0].Offset == 3, "offsets of a group are set from outside", fmt.Sprintf("%+v", place))
	brokers, controller, err := admin.DescribeCluster()
	Check(err == nil && len(brokers) == 1 && brokers[0].ID() == controller, "the cluster is described", controller, err)
	Check(setting(admin, sarama.BrokerResource, "1", "log.retention.hours") == "168", "and its settings")
}

func rules(admin sarama.ClusterAdmin) {
	resource := sarama.Resource{ResourceType: sarama.AclResourceTopic, ResourceName: "made", ResourcePatternType: sarama.AclPatternLiteral}
	rule := sarama.Acl{Principal: "User:bob", Host: "*", Operation: sarama.AclOperationRead, PermissionType: sarama.AclPermissionAllow}
	Done(admin.CreateACLs([]*sarama.ResourceAcls{{Resource: resource, Acls: []*sarama.Acl{&rule}}}))
	name := "made"
	filter := sarama.AclFilter{ResourceType: sarama.AclResourceTopic, ResourceName: &name, ResourcePatternTypeFilter: sarama.AclPatternAny,
		Operation: sarama.AclOperationAny, PermissionType: sarama.AclPermissionAny}
	told := Must(admin.ListAcls(filter))
	Check(len(told) == 1 && *told[0].Acls[0] == rule, "an ACL is made", told)
	producer := Must(sarama.NewSyncProducer(at, config()))
	_, _, err := producer.SendMessage(&sarama.ProducerMessage{Topic: "made", Value: sarama.StringEncoder("v")})
	Check(errors.Is(err, sarama.ErrTopicAuthorizationFailed), "and bites", err)
	producer.Close()
	gone := Must(admin.DeleteACL(filter, false))
	Check(len(gone) == 1, "and is deleted", gone)
	entity := []sarama.QuotaEntityComponent{{EntityType: sarama.QuotaEntityClientID, MatchType: sarama.QuotaMatchExact, Name: "quick"}}
	Done(admin.AlterClientQuotas(entity, sarama.ClientQuotasOp{Key: "producer_byte_rate", Value: 1e6}, false))
	quotas := Must(admin.DescribeClientQuotas([]sarama.QuotaFilterComponent{
		{EntityType: sarama.QuotaEntityClientID, MatchType: sarama.QuotaMatchExact, Match: "quick"}}, false))
	Check(len(quotas) == 1 && quotas[0].Values["producer_byte_rate"] == 1e6, "a quota is set", quotas)
	done := Must(admin.UpsertUserScramCredentials([]sarama.AlterUserScramCredentialsUpsert{
		{Name: "carol", Mechanism: sarama.SCRAM_MECHANISM_SHA_512, Iterations: 8192, Salt: []byte("salt of carol"), Password: []byte("pw")}}))
	users := Must(admin.DescribeUserScramCredentials([]string{"carol"}))
	Check(done[0].ErrorCode == sarama.ErrNoError && users[0].CredentialInfos[0].Iterations == 8192, "a user is made", done, users)
}

func administer(admin sarama.ClusterAdmin) {
	topics(admin)
	rules(admin)
	Done(admin.DeleteTopic("made"))
	listed := Must(admin.ListTopics())
	_, there := listed["made"]
	Check(!there && listed["groups"].NumPartitions == 4, "topics are deleted", listed)
}
