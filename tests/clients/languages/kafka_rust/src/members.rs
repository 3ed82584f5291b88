//! Two members of a group, eager, cooperative or of the newer protocol: the second comes and goes, each record is read and committed.
use std::collections::HashSet;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};

use crate::{check, client, text, topic, until, PATIENCE};

fn join(group: &str, protocol: &str) -> BaseConsumer {
    let mut settings = vec![("group.id", group), ("auto.offset.reset", "earliest"), ("enable.auto.commit", "false")];
    match protocol {
        "consumer" => settings.push(("group.protocol", "consumer")),
        assignor => settings.extend([("partition.assignment.strategy", assignor), ("heartbeat.interval.ms", "200")]),
    }
    let member: BaseConsumer = client(&settings);
    member.subscribe(&["shared"]).unwrap();
    member
}

/// Both members move on by a little, for a rebalance needs each of them.
fn turn(members: &[&BaseConsumer], read: &mut HashSet<String>) {
    for member in members {
        if let Some(message) = member.poll(Duration::from_millis(20)) {
            read.insert(text(&message.unwrap()));
        }
    }
}

fn has(member: &BaseConsumer) -> usize {
    member.assignment().unwrap().count()
}

pub async fn share(protocol: &str) {
    let group = format!("group-{protocol}");
    if protocol == "range" {
        topic("shared", 4).await;
        let producer: FutureProducer = client(&[]);
        for n in 0..40 {
            producer.send(FutureRecord::<str, _>::to("shared").partition(n % 4).payload(&n.to_string()), PATIENCE).await.unwrap();
        }
    }
    let (first, mut read) = (join(&group, protocol), HashSet::new());
    until(&format!("{protocol}: the first member has all partitions"), || {
        turn(&[&first], &mut read);
        has(&first) == 4
    });
    let second = join(&group, protocol);
    until(&format!("{protocol}: two members have two partitions each"), || {
        turn(&[&first, &second], &mut read);
        has(&first) == 2 && has(&second) == 2
    });
    let listed = first.fetch_group_list(Some(&group), PATIENCE);
    if protocol != "consumer" {
        check(listed.unwrap().groups()[0].members().len() == 2, &format!("{protocol}: the group is told with its two members"));
    }
    drop(second);
    until(&format!("{protocol}: who stays takes over, and each record was read"), || {
        turn(&[&first], &mut read);
        has(&first) == 4 && read.len() == 40
    });
    let mut places = TopicPartitionList::new();
    for partition in 0..4 {
        places.add_partition_offset("shared", partition, Offset::Offset(10)).unwrap();
    }
    first.commit(&places, CommitMode::Sync).unwrap();
    drop(first);
    let later = join(&group, protocol);
    let committed = later.committed_offsets(places.clone(), PATIENCE).unwrap();
    check(committed == places, &format!("{protocol}: what was committed is there for who comes later"));
    until(&format!("{protocol}: who comes later has nothing to read again"), || {
        if let Some(message) = later.poll(Duration::from_millis(20)) {
            panic!("read again: {}", message.unwrap().offset());
        }
        has(&later) == 4 && later.position().unwrap().elements().iter().all(|one| matches!(one.offset(), Offset::Invalid | Offset::Offset(10)))
    });
}
