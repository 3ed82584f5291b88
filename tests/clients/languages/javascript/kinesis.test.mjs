// The AWS SDK for JavaScript v3 as it comes: its Kinesis client speaks HTTP/2.   node --test, with ENDPOINT in the environment, and
// with SECRET where another one than `test` signs
import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateStreamCommand, DeleteStreamCommand, GetRecordsCommand, GetShardIteratorCommand, KinesisClient, ListShardsCommand, PutRecordCommand,
  PutRecordsCommand, DescribeStreamConsumerCommand, DescribeStreamSummaryCommand, RegisterStreamConsumerCommand, SplitShardCommand,
  SubscribeToShardCommand, waitUntilStreamExists,
} from "@aws-sdk/client-kinesis";

const client = new KinesisClient({
  endpoint: process.env.ENDPOINT, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: process.env.SECRET ?? "test" },
});

async function readAll(StreamName) {
  const read = [];
  for (const { ShardId } of (await client.send(new ListShardsCommand({ StreamName }))).Shards) {
    let { ShardIterator } = await client.send(new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" }));
    for (;;) {
      const answer = await client.send(new GetRecordsCommand({ ShardIterator }));
      if (answer.Records.length === 0) break;
      read.push(...answer.Records);
      ShardIterator = answer.NextShardIterator;
    }
  }
  return read;
}

test("the client speaks HTTP/2 unless it is told otherwise", () => assert.equal(client.config.requestHandler.metadata.handlerProtocol, "h2"));

test("two hundred records at once, and five large ones, are written and read back", async () => {
  await client.send(new CreateStreamCommand({ StreamName: "javascript", ShardCount: 2 }));
  await waitUntilStreamExists({ client, maxWaitTime: 30 }, { StreamName: "javascript" });
  await Promise.all([...Array(200).keys()].map((n) =>
    client.send(new PutRecordCommand({ StreamName: "javascript", PartitionKey: `key ${n}`, Data: Buffer.from(`value ${n}`) }))));
  const Records = [...Array(5).keys()].map((n) => ({ PartitionKey: "key", Data: Buffer.alloc(150_000, 65 + n) }));
  assert.equal((await client.send(new PutRecordsCommand({ StreamName: "javascript", Records }))).FailedRecordCount, 0);
  const read = await readAll("javascript");
  assert.equal(read.length, 205);
  const small = read.filter((record) => record.Data.length < 100).map((record) => Buffer.from(record.Data).toString());
  assert.deepEqual(new Set(small), new Set([...Array(200).keys()].map((n) => `value ${n}`)));
  assert.equal(read.reduce((sum, record) => sum + record.Data.length, 0), 5 * 150_000 + small.join("").length);
});

test("a registered consumer is pushed all records of a shard to its end, and is told its children", async () => {
  const StreamName = "javascript-fan-out";
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  await waitUntilStreamExists({ client, maxWaitTime: 30 }, { StreamName });
  const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
  const { Consumer } = await client.send(new RegisterStreamConsumerCommand({ StreamARN: StreamDescriptionSummary.StreamARN, ConsumerName: "reader" }));
  const ConsumerARN = Consumer.ConsumerARN;
  const state = async () => (await client.send(new DescribeStreamConsumerCommand({ ConsumerARN }))).ConsumerDescription.ConsumerStatus;
  while (await state() !== "ACTIVE") await new Promise((resolve) => setTimeout(resolve, 20));
  const ShardId = "shardId-000000000000";
  const { EventStream } = await client.send(new SubscribeToShardCommand({ ConsumerARN, ShardId, StartingPosition: { Type: "TRIM_HORIZON" } }));
  const put = async (from, to) => {
    for (let n = from; n < to; n++) await client.send(new PutRecordCommand({ StreamName, PartitionKey: "key", Data: Buffer.from(`value ${n}`) }));
  };
  const writing = put(0, 100).then(() => client.send(new SplitShardCommand({ StreamName, ShardToSplit: ShardId, NewStartingHashKey: "9" })));
  const values = [];
  let children;
  for await (const { SubscribeToShardEvent: event } of EventStream) {
    values.push(...event.Records.map((record) => Buffer.from(record.Data).toString()));
    children = event.ChildShards;
  }
  await writing;
  assert.deepEqual(values, [...Array(100).keys()].map((n) => `value ${n}`));
  assert.deepEqual(children.map((child) => child.ShardId), ["shardId-000000000001", "shardId-000000000002"]);
});

test("an error has AWS's name and sentence", async () => {
  await assert.rejects(client.send(new DeleteStreamCommand({ StreamName: "none" })), {
    name: "ResourceNotFoundException", message: "Stream none under account 000000000000 not found.",
  });
});
