// The AWS SDK for Go v2 as it comes: a stream from its creation to its end, by polling and by SubscribeToShard.   clients ENDPOINT [CA]
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const stream = "go"

func check(holds bool, what string) {
	if !holds {
		fmt.Fprintln(os.Stderr, "not seen: "+what)
		os.Exit(1)
	}
	fmt.Println("seen: " + what)
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func client(endpoint, authority string) *kinesis.Client {
	options := kinesis.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
	if authority != "" {
		known := x509.NewCertPool()
		known.AppendCertsFromPEM(must(os.ReadFile(authority)))
		options.HTTPClient = &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: known}}}
	}
	return kinesis.New(options)
}

func open(ctx context.Context, k *kinesis.Client) (open, closed []string) {
	var token *string
	for {
		asked := &kinesis.ListShardsInput{MaxResults: aws.Int32(2), NextToken: token}
		if token == nil {
			asked.StreamName = aws.String(stream)
		}
		page := must(k.ListShards(ctx, asked))
		for _, shard := range page.Shards {
			if shard.SequenceNumberRange.EndingSequenceNumber == nil {
				open = append(open, *shard.ShardId)
			} else {
				closed = append(closed, *shard.ShardId)
			}
		}
		if token = page.NextToken; token == nil {
			return
		}
	}
}

// Reads a shard from its beginning: to its end when it is closed, else until nothing is behind.
func read(ctx context.Context, k *kinesis.Client, shard string) (values []string, ended bool) {
	from := must(k.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName: aws.String(stream), ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})).ShardIterator
	for from != nil {
		page := must(k.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: from, Limit: aws.Int32(40)}))
		for _, record := range page.Records {
			values = append(values, string(record.Data))
		}
		if from = page.NextShardIterator; from != nil && len(page.Records) == 0 && *page.MillisBehindLatest == 0 {
			return values, false
		}
	}
	return values, true
}

func fanOut(ctx context.Context, k *kinesis.Client, shard string, wanted []string) {
	arn := must(k.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String(stream)})).StreamDescriptionSummary.StreamARN
	consumer := must(k.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: arn, ConsumerName: aws.String("reader")})).Consumer.ConsumerARN
	for {
		told := must(k.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{ConsumerARN: consumer})).ConsumerDescription
		if told.ConsumerStatus == types.ConsumerStatusActive {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	pushed := must(k.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{ConsumerARN: consumer, ShardId: &shard,
		StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}})).GetStream()
	var values []string
	children := 0
	for event := range pushed.Events() {
		told := event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
		for _, record := range told.Records {
			values = append(values, string(record.Data))
		}
		children += len(told.ChildShards)
	}
	check(pushed.Err() == nil && fmt.Sprint(values) == fmt.Sprint(wanted) && children == 2, "a closed shard is pushed in order to its end, which names its children")
	must(k.DeregisterStreamConsumer(ctx, &kinesis.DeregisterStreamConsumerInput{ConsumerARN: consumer}))
}

func main() {
	authority := ""
	if len(os.Args) > 2 {
		authority = os.Args[2]
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	k := client(os.Args[1], authority)
	name := aws.String(stream)

	must(k.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(2)}))
	named := &kinesis.DescribeStreamInput{StreamName: name}
	must(0, kinesis.NewStreamExistsWaiter(k).Wait(ctx, named, time.Minute))

	must(k.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: name, Data: []byte("single"), PartitionKey: aws.String("a"), ExplicitHashKey: aws.String("0")}))
	var batch []types.PutRecordsRequestEntry
	for n := range 200 {
		batch = append(batch, types.PutRecordsRequestEntry{Data: fmt.Append(nil, "value ", n), PartitionKey: aws.String(fmt.Sprint(n))})
	}
	check(*must(k.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: name, Records: batch})).FailedRecordCount == 0, "a batch of 200 is taken")

	must(k.SplitShard(ctx, &kinesis.SplitShardInput{StreamName: name, ShardToSplit: aws.String("shardId-000000000000"), NewStartingHashKey: aws.String("9")}))
	must(0, kinesis.NewStreamExistsWaiter(k).Wait(ctx, named, time.Minute))
	must(k.MergeShards(ctx, &kinesis.MergeShardsInput{StreamName: name, ShardToMerge: aws.String("shardId-000000000003"), AdjacentShardToMerge: aws.String("shardId-000000000001")}))
	must(0, kinesis.NewStreamExistsWaiter(k).Wait(ctx, named, time.Minute))
	live, closed := open(ctx, k)
	check(len(live) == 2 && len(closed) == 3, "ListShards, page by page, knows what was split and merged")

	all := map[string]bool{}
	ends := 0
	var first []string
	for _, shard := range append(live, closed...) {
		values, ended := read(ctx, k, shard)
		if shard == "shardId-000000000000" {
			first = values
		}
		for _, value := range values {
			all[value] = true
		}
		if ended {
			ends++
		}
	}
	check(len(all) == 201 && ends == 3 && first[0] == "single", "all records come back, and closed shards end")

	fanOut(ctx, k, "shardId-000000000000", first)

	_, err := k.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: aws.String("none"), Data: []byte("x"), PartitionKey: aws.String("k")})
	var missing *types.ResourceNotFoundException
	check(errors.As(err, &missing), "a stream that is not there is refused")

	must(k.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: name}))
	must(0, kinesis.NewStreamNotExistsWaiter(k).Wait(ctx, named, time.Minute))
	check(len(must(k.ListStreams(ctx, &kinesis.ListStreamsInput{})).StreamNames) == 0, "the stream is deleted")
}
