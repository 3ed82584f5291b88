// @platformatic/kafka as it comes: records of its codecs, groups of both protocols, transactions, administration, logins.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'

const { KAFKA, GUARDED, CA } = process.env
const base = { clientId: 'test', bootstrapBrokers: [KAFKA] }
const admin = new Admin(base)
test.after(() => admin.close())

async function create(topic, partitions = 1) {
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
  return topic
}

async function produce(messages, more = {}) {
  const producer = new Producer({ ...base, serializers: stringSerializers })
  await producer.send({ messages, acks: -1, ...more })
  await producer.close()
}

async function read(topic, count, more = {}) {
  const consumer = new Consumer({ ...base, groupId: `reader-of-${topic}`, deserializers: stringDeserializers, maxWaitTime: 100 })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false, ...more })
  const messages = []
  for await (const message of stream) if (messages.push(message) === count) break
  await consumer.close(true)
  return messages
}

test('values, headers, tombstones and times come back in every codec', async () => {
  const value = 'a long value that can be packed; '.repeat(1000)
  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    for (const idempotent of [false, true]) {
      const topic = await create(`p-${compression}-${idempotent}`)
      const timestamp = BigInt(Date.now() - 5000)
      await produce([{ topic, key: 'k', value, headers: { h: '1' }, timestamp }, { topic, key: 'k' }], { compression, idempotent })
      const [first, second] = await read(topic, 2)
      assert.equal(first.value, value)
      assert.equal(first.headers.get('h'), '1')
      assert.equal(first.timestamp, timestamp)
      assert.equal(second.key, 'k')
      assert.ok(!second.value)
    }
  }
})

for (const groupProtocol of ['classic', 'consumer']) {
  test(`two members share and one takes over (${groupProtocol})`, async () => {
    const topic = await create(`p-groups-${groupProtocol}`, 4)
    await produce(Array.from({ length: 40 }, (_, n) => ({ topic, partition: n % 4, value: String(n) })))
    const read = new Set()
    const join = async () => {
      const consumer = new Consumer({ ...base, groupId: topic, groupProtocol, deserializers: stringDeserializers, maxWaitTime: 100,
        ...(groupProtocol === 'classic' && { heartbeatInterval: 100 }) })
      const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest', autocommit: true })
      stream.on('data', (message) => read.add(message.value))
      return consumer
    }
    const has = (one) => (one.assignments ?? []).reduce((sum, given) => sum + given.partitions.length, 0)
    const until = async (holds) => {
      for (const end = Date.now() + 30000; !holds(); await new Promise((go) => setTimeout(go, 10))) assert.ok(Date.now() < end, `waited for ${holds}`)
    }
    const a = await join()
    await until(() => has(a) === 4)
    const b = await join()
    await until(() => has(a) === 2 && has(b) === 2)
    await b.close(true)
    await until(() => has(a) === 4 && read.size === 40)
    await a.close(true)
    assert.equal((await admin.listGroups({ types: [groupProtocol] })).get(topic).state, 'Empty')
  })
}

test('transactions are committed or aborted', async () => {
  const topic = await create('p-transactions')
  const producer = new Producer({ ...base, serializers: stringSerializers, idempotent: true, transactionalId: 'p-writer' })
  for (const [value, commits] of [['committed', true], ['aborted', false], ['committed too', true]]) {
    const one = await producer.beginTransaction()
    await one.send({ messages: [{ topic, value }] })
    await (commits ? one.commit() : one.abort())
  }
  await producer.close()
  assert.deepEqual((await read(topic, 2, { isolationLevel: 1 })).map((one) => one.value), ['committed', 'committed too'])
})

test('an administrator makes, changes and deletes', async () => {
  await create('p-made', 2)
  await assert.rejects(create('p-made'))
  const resourceType = 2 // a topic
  await admin.incrementalAlterConfigs({ resources: [{ resourceType, resourceName: 'p-made', configs: [
    { name: 'retention.ms', configOperation: 0, value: '3600000' }] }] })
  const [told] = await admin.describeConfigs({ resources: [{ resourceType, resourceName: 'p-made' }] })
  assert.equal(told.configs.find((one) => one.name === 'retention.ms').value, '3600000')
  await admin.createPartitions({ topics: [{ name: 'p-made', count: 4, assignments: null }] })
  await produce([{ topic: 'p-made', partition: 0, value: '1' }, { topic: 'p-made', partition: 0, value: '2' }])
  const [deleted] = await admin.deleteRecords({ topics: [{ name: 'p-made', partitions: [{ partition: 0, offset: 1n }] }] })
  assert.equal(deleted.partitions[0].lowWatermark, 1n)
  await admin.deleteTopics({ topics: ['p-made'] })
  assert.ok(!(await admin.listTopics()).includes('p-made'))
})

test('who is known logs in, with TLS and without', async () => {
  for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) {
    for (const tls of [undefined, { ca: [readFileSync(CA)] }]) {
      const login = (password) => new Admin({ clientId: 'test', bootstrapBrokers: [GUARDED], tls, retries: 0,
        sasl: { mechanism, username: 'alice', password } })
      const one = login('secret')
      await one.listTopics()
      await one.close()
      const other = login('wrong')
      await assert.rejects(other.listTopics())
      await other.close()
    }
  }
})

test('what was put by Kinesis is read', async () => {
  const held = new Map((await read('from-kinesis', 20)).map((one) => [one.key, one.value]))
  assert.equal(held.size, 20)
  assert.equal(held.get('k7'), 'v7')
})
