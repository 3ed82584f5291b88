// The AWS SDK for JavaScript v3 as it comes: its Kinesis client speaks HTTP/2.   node --test, with ENDPOINT in the environment
import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateStreamCommand, DeleteStreamCommand, GetRecordsCommand, GetShardIteratorCommand, KinesisClient, ListShardsCommand, PutRecordCommand,
  PutRecordsCommand, waitUntilStreamExists,
} from "@aws-sdk/client-kinesis";

const client = new KinesisClient({
  endpoint: process.env.ENDPOINT, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" },
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

test("an error has AWS's name and sentence", async () => {
  await assert.rejects(client.send(new DeleteStreamCommand({ StreamName: "none" })), {
    name: "ResourceNotFoundException", message: "Stream none under account 000000000000 not found.",
  });
});
