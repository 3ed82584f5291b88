// kafkajs as it comes: records of its codecs, groups, transactions and a place in them, administration, logins.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import zlib from 'node:zlib'
import kafkajs from 'kafkajs'
import snappy from 'kafkajs-snappy'

const { Kafka, CompressionTypes, CompressionCodecs, ConfigResourceTypes, AclResourceTypes, AclOperationTypes, AclPermissionTypes,
  ResourcePatternTypes, ConfigSource, logLevel } = kafkajs
CompressionCodecs[CompressionTypes.Snappy] = snappy
CompressionCodecs[CompressionTypes.ZSTD] = () => ({ // by Node itself: the packages for it are older than their runtime
  compress: async (encoder) => zlib.zstdCompressSync(encoder.buffer), decompress: async (bytes) => zlib.zstdDecompressSync(bytes) })
const { KAFKA, GUARDED, CA } = process.env
const kafka = new Kafka({ brokers: [KAFKA], logLevel: logLevel.NOTHING })
const admin = kafka.admin()
await admin.connect()
test.after(() => admin.disconnect())

async function create(topic, numPartitions = 1) {
  assert.ok(await admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor: 1 }] }))
  return topic
}

async function produce(topic, messages, compression = CompressionTypes.None, idempotent = false) {
  const producer = kafka.producer({ idempotent })
  await producer.connect()
  try {
    await producer.send({ topic, messages, compression })
  } finally {
    await producer.disconnect()
  }
}

// A member of a group that reads from the beginning; it tells what it has and what it read.
async function join(groupId, topic, more = {}) {
  const one = { has: 0, read: [], consumer: kafka.consumer({ groupId, heartbeatInterval: 100, maxWaitTimeInMs: 100, ...more }) }
  one.consumer.on('consumer.group_join', ({ payload }) => { one.has = (payload.memberAssignment[topic] ?? []).length })
  await one.consumer.connect()
  await one.consumer.subscribe({ topic, fromBeginning: true })
  await one.consumer.run({ autoCommitInterval: 100, eachMessage: async ({ message, partition }) => { one.read.push({ partition, ...message }) } })
  return one
}

async function until(holds) {
  for (const end = Date.now() + 30000; !await holds(); await new Promise((go) => setTimeout(go, 10))) {
    assert.ok(Date.now() < end, `waited for ${holds}`)
  }
}

async function readAll(topic, count) {
  const one = await join(`reader-of-${topic}`, topic)
  await until(() => one.read.length >= count)
  await one.consumer.disconnect()
  return one.read
}

test('values, headers, tombstones and times come back in every codec', async () => {
  const long = 'a long value that can be packed; '.repeat(1000)
  for (const codec of ['None', 'GZIP', 'Snappy', 'ZSTD']) {
    for (const idempotent of [false, true]) {
      const topic = await create(`codec-${codec}-${idempotent}`)
      const timestamp = String(Date.now() - 5000)
      await produce(topic, [{ key: 'k', value: long, headers: { h: Buffer.from([0, 255]) }, timestamp }, { key: 'k', value: null }],
        CompressionTypes[codec], idempotent)
      const [first, second] = await readAll(topic, 2)
      assert.equal(first.value.toString(), long)
      assert.deepEqual(first.headers.h, Buffer.from([0, 255]))
      assert.equal(first.timestamp, timestamp)
      assert.equal(second.value, null)
    }
  }
})

test('two members share, one stays and takes over, and goes on where they were', async () => {
  await create('groups', 4)
  await produce('groups', Array.from({ length: 40 }, (_, n) => ({ partition: n % 4, value: String(n) })))
  const a = await join('shared', 'groups')
  await until(() => a.has === 4)
  const b = await join('shared', 'groups')
  await until(() => a.has === 2 && b.has === 2)
  const { groups: [told] } = await admin.describeGroups(['shared'])
  assert.equal(told.state, 'Stable')
  assert.equal(told.members.length, 2)
  await b.consumer.disconnect()
  await until(() => a.has === 4 && new Set([...a.read, ...b.read].map((one) => one.value.toString())).size === 40)
  await until(async () => {
    const [{ partitions }] = await admin.fetchOffsets({ groupId: 'shared', topics: ['groups'] })
    return partitions.every((one) => one.offset === '10')
  })
  await a.consumer.disconnect()
  await admin.resetOffsets({ groupId: 'shared', topic: 'groups', earliest: true })
  const [{ partitions }] = await admin.fetchOffsets({ groupId: 'shared', topics: ['groups'], resolveOffsets: true })
  assert.ok(partitions.every((one) => one.offset === '0'))
  assert.ok((await admin.listGroups()).groups.some((one) => one.groupId === 'shared'))
  await admin.deleteGroups(['shared'])
})

test('transactions are committed or aborted, with a place of a group', async () => {
  const topic = await create('transactions')
  const producer = kafka.producer({ transactionalId: 'writer', maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  for (const [value, commits] of [['committed', true], ['aborted', false], ['committed too', true]]) {
    const one = await producer.transaction()
    await one.send({ topic, messages: [{ value }] })
    await one.sendOffsets({ consumerGroupId: 'placed', topics: [{ topic: 'groups', partitions: [{ partition: 0, offset: commits ? '7' : '3' }] }] })
    await (commits ? one.commit() : one.abort())
  }
  await producer.disconnect()
  assert.deepEqual((await readAll(topic, 2)).map((one) => one.value.toString()), ['committed', 'committed too'])
  const [{ partitions }] = await admin.fetchOffsets({ groupId: 'placed', topics: ['groups'] })
  assert.equal(partitions.find((one) => one.partition === 0).offset, '7')
})

test('an administrator makes, changes and deletes', async () => {
  await create('made', 2)
  assert.equal(await admin.createTopics({ topics: [{ topic: 'made' }] }), false)
  const resource = { type: ConfigResourceTypes.TOPIC, name: 'made' }
  await admin.alterConfigs({ resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value: '3600000' }] }] })
  const { resources: [told] } = await admin.describeConfigs({ resources: [resource] })
  const set = told.configEntries.find((one) => one.configName === 'retention.ms')
  assert.equal(set.configValue, '3600000')
  assert.equal(set.configSource, ConfigSource.TOPIC_CONFIG)
  await admin.createPartitions({ topicPartitions: [{ topic: 'made', count: 4 }] })
  await produce('made', [{ partition: 0, value: '1' }, { partition: 0, value: '2' }])
  await admin.fetchTopicOffsets('made') // else it does not know whom to ask
  await admin.deleteTopicRecords({ topic: 'made', partitions: [{ partition: 0, offset: '1' }] })
  const places = await admin.fetchTopicOffsets('made')
  assert.equal(places.length, 4)
  assert.equal(places.find((one) => one.partition === 0).low, '1')
  await create('secret')
  const acl = { resourceType: AclResourceTypes.TOPIC, resourceName: 'secret', resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: 'User:bob', host: '*', operation: AclOperationTypes.READ, permissionType: AclPermissionTypes.ALLOW }
  await admin.createAcls({ acl: [acl] })
  assert.equal((await admin.describeAcls(acl)).resources[0].acls.length, 1)
  await assert.rejects(produce('secret', [{ value: 'v' }]), /[Aa]uthorized/)
  assert.equal((await admin.deleteAcls({ filters: [acl] })).filterResponses[0].matchingAcls.length, 1)
  await admin.deleteTopics({ topics: ['made'] })
  assert.ok(!(await admin.listTopics()).includes('made'))
  const cluster = await admin.describeCluster()
  assert.equal(cluster.brokers.length, 1)
  assert.equal(cluster.controller, cluster.brokers[0].nodeId)
})

test('who is known logs in, with TLS and without', async () => {
  for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512']) {
    for (const ssl of [undefined, { ca: [readFileSync(CA)] }]) {
      const login = (password) => new Kafka({ brokers: [GUARDED], ssl, logLevel: logLevel.NOTHING, retry: { retries: 0 },
        sasl: { mechanism, username: 'alice', password } }).admin()
      const one = login('secret')
      await one.connect()
      await one.listTopics()
      await one.disconnect()
      await assert.rejects(login('wrong').connect(), /[Aa]uthentication/)
    }
  }
})

test('what was put by Kinesis is read', async () => {
  const held = new Map((await readAll('from-kinesis', 20)).map((one) => [one.key.toString(), one.value.toString()]))
  assert.equal(held.size, 20)
  assert.equal(held.get('k7'), 'v7')
})
