// share: -conns members of one share group fetch -topic's partitions and accept all that they acquire, each with the acknowledgements of
// one fetch in the next one. The group is new in each run and begins at the first record.
package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var most = flag.Int("most", 500, "share: records of a fetch at most")

// settings makes a change with IncrementalAlterConfigs.
func (c *conn) settings(kind kmsg.ConfigResourceType, name string, pairs ...string) {
	c.has(44)
	q := c.ver(kmsg.NewPtrIncrementalAlterConfigsRequest(), 1).(*kmsg.IncrementalAlterConfigsRequest)
	one := kmsg.IncrementalAlterConfigsRequestResource{ResourceType: kind, ResourceName: name}
	for i := 0; i < len(pairs); i += 2 {
		one.Configs = append(one.Configs, kmsg.IncrementalAlterConfigsRequestResourceConfig{Name: pairs[i], Value: &pairs[i+1]})
	}
	q.Resources = append(q.Resources, one)
	r, err := c.do(q)
	die(err)
	got := r.(*kmsg.IncrementalAlterConfigsResponse).Resources[0]
	if e := kerr.ErrorForCode(got.ErrorCode); e != nil {
		die(fmt.Errorf("settings of %q: %w %s", name, e, said(got.ErrorMessage)))
	}
}

func said(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (c *conn) topicID(t string) [16]byte {
	q := c.ver(kmsg.NewPtrMetadataRequest(), 12).(*kmsg.MetadataRequest)
	q.Topics = []kmsg.MetadataRequestTopic{{Topic: &t}}
	r, err := c.do(q)
	die(err)
	return r.(*kmsg.MetadataResponse).Topics[0].TopicID
}

// sharer is one member of the group with its share session.
type sharer struct {
	*conn
	group, member string
	beat, session int32
	topic         [16]byte
	part          int32
	acquired      []kmsg.ShareFetchResponseTopicPartitionAcquiredRecord
	warm          bool  // it had records: from then on a fault ends the run
	fault         error // of the last fetch
}

// heartbeat says whether the member has partitions.
func (s *sharer) heartbeat(t string) bool {
	q := s.ver(kmsg.NewPtrShareGroupHeartbeatRequest(), 1).(*kmsg.ShareGroupHeartbeatRequest)
	q.GroupID, q.MemberID, q.MemberEpoch = s.group, s.member, s.beat
	if s.beat == 0 {
		q.SubscribedTopicNames = []string{t}
	}
	for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		r, err := s.do(q)
		die(err)
		got := r.(*kmsg.ShareGroupHeartbeatResponse)
		e := kerr.ErrorForCode(got.ErrorCode)
		if e == nil {
			s.beat = got.MemberEpoch
			return got.Assignment != nil && len(got.Assignment.TopicPartitions) > 0
		}
		if !kerr.IsRetriable(e) || time.Since(began) > 30*time.Second {
			die(fmt.Errorf("ShareGroupHeartbeat: %w %s", e, said(got.ErrorMessage)))
		}
	}
}

// fetch accepts what was acquired and acquires more; it yields how many records it accepted.
func (s *sharer) fetch() int64 {
	q := s.ver(kmsg.NewPtrShareFetchRequest(), 1).(*kmsg.ShareFetchRequest)
	q.GroupID, q.MemberID, q.ShareSessionEpoch = &s.group, &s.member, s.session
	q.MaxWaitMillis, q.MinBytes, q.MaxBytes, q.MaxRecords, q.BatchSize = 200, 1, int32(*maxB), int32(*most), int32(*most)
	part := kmsg.ShareFetchRequestTopicPartition{Partition: s.part, PartitionMaxBytes: int32(*maxB)}
	var accepted int64
	for _, a := range s.acquired {
		part.AcknowledgementBatches = append(part.AcknowledgementBatches, kmsg.ShareFetchRequestTopicPartitionAcknowledgementBatch{
			FirstOffset: a.FirstOffset, LastOffset: a.LastOffset, AcknowledgeTypes: []int8{1}})
		accepted += a.LastOffset - a.FirstOffset + 1
	}
	q.Topics = []kmsg.ShareFetchRequestTopic{{TopicID: s.topic, Partitions: []kmsg.ShareFetchRequestTopicPartition{part}}}
	r, err := s.do(q)
	die(err)
	got := r.(*kmsg.ShareFetchResponse)
	if e := kerr.ErrorForCode(got.ErrorCode); e != nil {
		if s.session == 0 && kerr.IsRetriable(e) {
			time.Sleep(2 * time.Millisecond)
			return 0
		}
		die(fmt.Errorf("ShareFetch: %w %s", e, said(got.ErrorMessage)))
	}
	s.session, s.acquired = s.session+1, nil
	for _, t := range got.Topics {
		for _, p := range t.Partitions {
			if s.fault = errors.Join(kerr.ErrorForCode(p.ErrorCode), kerr.ErrorForCode(p.AcknowledgeErrorCode)); s.fault != nil && s.warm {
				die(fmt.Errorf("ShareFetch: %w", s.fault))
			}
			s.acquired = append(s.acquired, p.AcquiredRecords...)
		}
	}
	return accepted
}

func share() {
	c := open()
	c.has(78)
	group := fmt.Sprintf("sharers-%d", time.Now().UnixNano())
	c.settings(kmsg.ConfigResourceTypeGroupConfig, group, "share.auto.offset.reset", "earliest")
	(&producer{conn: c}).coordinator(group, 0)
	members := make([]*sharer, *conns)
	for i := range members {
		var id [16]byte
		rand.Read(id[:])
		members[i] = &sharer{conn: open(), group: group, member: base64.RawURLEncoding.EncodeToString(id[:]), topic: c.topicID(*topic), part: int32(i % *parts)}
		members[i].heartbeat(*topic)
	}
	for _, s := range members { // the group is whole, and its first records are on their way: a broker may load its state first
		for began := time.Now(); len(s.acquired) == 0; time.Sleep(time.Millisecond) {
			s.heartbeat(*topic)
			if s.fetch(); time.Since(began) > 60*time.Second {
				die(fmt.Errorf("ShareFetch: no records within a minute, %v", s.fault))
			}
		}
		s.warm = true
	}
	m := begin()
	deadline := time.Now().Add(*dur)
	all := together(len(members), func(i int, mine *tally) {
		for s := members[i]; len(s.acquired) > 0 && time.Now().Before(deadline); { // nothing acquired: the topic is read
			t0 := time.Now()
			mine.records += s.fetch()
			mine.lats = append(mine.lats, time.Since(t0))
		}
	})
	out(m.end(result{"mode": "share", "topic": *topic, "parts": *parts, "conns": *conns, "group": group}, all.records, all.records*int64(*size), all.lats))
}
