//! Transactions that are committed, aborted and fenced off, and a copy in which each record and its place are one.
use std::collections::HashSet;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, FutureProducer, FutureRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::{check, client, read, text, topic, PATIENCE};

fn writer(id: &str) -> BaseProducer {
    let producer: BaseProducer = client(&[("transactional.id", id)]);
    producer.init_transactions(PATIENCE).unwrap();
    producer
}

fn write(producer: &BaseProducer, into: &str, value: &str) {
    producer.begin_transaction().unwrap();
    producer.send(BaseRecord::<str, str>::to(into).payload(value)).map_err(|(error, _)| error).unwrap();
}

pub async fn transactions() {
    topic("transactions", 1).await;
    let first = writer("writer");
    for value in ["committed", "aborted", "committed too"] {
        write(&first, "transactions", value);
        if value == "aborted" {
            first.flush(PATIENCE).unwrap();
            first.abort_transaction(PATIENCE).unwrap();
        } else {
            first.commit_transaction(PATIENCE).unwrap();
        }
    }
    write(&first, "transactions", "open");
    first.flush(PATIENCE).unwrap();
    let values = |isolation| read("transactions", 0, isolation).iter().map(text).collect::<Vec<_>>();
    check(values("read_committed") == ["committed", "committed too"], "read_committed reads what is committed");
    check(values("read_uncommitted") == ["committed", "aborted", "committed too", "open"], "read_uncommitted reads all");
    let second = writer("writer");
    let fenced = match first.commit_transaction(PATIENCE) {
        Err(KafkaError::Transaction(error)) => error.is_fatal(),
        other => panic!("{other:?}"),
    };
    check(fenced, "a second producer of the same id fences off the first");
    write(&second, "transactions", "newer");
    second.commit_transaction(PATIENCE).unwrap();
    check(values("read_committed") == ["committed", "committed too", "newer"], "and what was open is aborted");
}

pub async fn exactly_once() {
    topic("from", 2).await;
    topic("into", 2).await;
    let producer: FutureProducer = client(&[]);
    for n in 0..200 {
        producer.send(FutureRecord::<str, _>::to("from").partition(n % 2).payload(&n.to_string()), PATIENCE).await.unwrap();
    }
    let reader: BaseConsumer = client(&[("group.id", "copies"), ("auto.offset.reset", "earliest"), ("enable.auto.commit", "false")]);
    reader.subscribe(&["from"]).unwrap();
    let copier = writer("copies");
    let (mut copied, mut turn) = (0, 0);
    while copied < 200 {
        copier.begin_transaction().unwrap();
        let (mut places, mut batch) = (TopicPartitionList::new(), Vec::new());
        while batch.is_empty() || (batch.len() < 20 && copied + batch.len() < 200) {
            let Some(message) = reader.poll(PATIENCE) else { continue }; // a rebalance
            let message = message.unwrap();
            let value = text(&message);
            copier.send(BaseRecord::<str, _>::to("into").payload(&value)).map_err(|(error, _)| error).unwrap();
            batch.push((message.partition(), message.offset()));
        }
        copier.flush(PATIENCE).unwrap();
        // The first record of each partition, where an aborted turn goes back to, and the place behind its last.
        let mut begins = TopicPartitionList::new();
        for partition in 0..2 {
            let offsets: Vec<_> = batch.iter().filter(|one| one.0 == partition).map(|one| one.1).collect();
            if let (Some(low), Some(high)) = (offsets.iter().min(), offsets.iter().max()) {
                begins.add_partition_offset("from", partition, Offset::Offset(*low)).unwrap();
                places.add_partition_offset("from", partition, Offset::Offset(high + 1)).unwrap();
            }
        }
        copier.send_offsets_to_transaction(&places, &reader.group_metadata().unwrap(), PATIENCE).unwrap();
        turn += 1;
        if turn % 3 == 2 {
            copier.abort_transaction(PATIENCE).unwrap();
            reader.seek_partitions(begins, PATIENCE).unwrap();
        } else {
            copier.commit_transaction(PATIENCE).unwrap();
            copied += batch.len();
        }
    }
    let held: Vec<_> = (0..2).flat_map(|partition| read("into", partition, "read_committed")).map(|one| text(&one)).collect();
    check(held.len() == 200 && held.iter().collect::<HashSet<_>>().len() == 200, "each record was copied once, through turns that were aborted");
    let mut asked = TopicPartitionList::new();
    asked.add_partition_range("from", 0, 1);
    let committed = reader.committed_offsets(asked, PATIENCE).unwrap();
    check(committed.elements().iter().all(|one| one.offset() == Offset::Offset(100)), "and the places of the group were committed with them");
}
