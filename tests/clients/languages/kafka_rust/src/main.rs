//! rdkafka, the Rust client over librdkafka, as it comes: records of every codec, administration and logins. Groups are in members.rs,
//! transactions in copying.rs. The test hands over KAFKA (the open door), GUARDED (where alice logs in) and CA.
mod copying;
mod members;

use std::env;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::{ClientConfig, FromClientConfig};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};

pub const PATIENCE: Duration = Duration::from_secs(60);
/// Values that the server packs and unpacks, not only the client.
const LONG: &str = "a long value that can be packed; a long value that can be packed; a long value that can be packed; a long value";

pub fn check(holds: bool, what: &str) {
    assert!(holds, "not seen: {what}");
    println!("seen: {what}");
}

pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "waited for: {what}");
    }
    println!("seen: {what}");
}

/// A client of the open door.
pub fn client<T: FromClientConfig>(settings: &[(&str, &str)]) -> T {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", env::var("KAFKA").unwrap());
    for (key, value) in settings {
        config.set(*key, *value);
    }
    config.create().unwrap()
}

pub async fn topic(name: &str, partitions: i32) {
    let admin: AdminClient<DefaultClientContext> = client(&[]);
    let made = admin.create_topics(&[NewTopic::new(name, partitions, TopicReplication::Fixed(1))], &AdminOptions::new()).await.unwrap();
    made[0].as_ref().unwrap();
}

/// What lies in a partition, from its beginning to the end as this isolation sees it.
pub fn read(topic: &str, partition: i32, isolation: &str) -> Vec<OwnedMessage> {
    let settings = [("group.id", "reads-alone"), ("enable.auto.commit", "false"), ("enable.partition.eof", "true"), ("isolation.level", isolation)];
    let consumer: BaseConsumer = client(&settings);
    let mut places = TopicPartitionList::new();
    places.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
    consumer.assign(&places).unwrap();
    let mut held = Vec::new();
    loop {
        match consumer.poll(PATIENCE).expect("a record, or the end") {
            Ok(message) => held.push(message.detach()),
            Err(KafkaError::PartitionEOF(_)) => return held,
            Err(error) => panic!("{error}"),
        }
    }
}

pub fn text(message: &impl Message) -> String {
    String::from_utf8(message.payload().unwrap().to_vec()).unwrap()
}

async fn codecs() {
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        topic(codec, 1).await;
        for idempotent in ["false", "true"] {
            let producer: FutureProducer = client(&[("compression.type", codec), ("enable.idempotence", idempotent)]);
            let headers = OwnedHeaders::new().insert(Header { key: "h", value: Some(&[0u8, 255]) }).insert(Header { key: "h", value: None::<&[u8]> });
            let full = FutureRecord::to(codec).key("k").payload(LONG).timestamp(1_700_000_000_000).headers(headers);
            producer.send(full, PATIENCE).await.unwrap();
            producer.send(FutureRecord::<str, str>::to(codec).key("k"), PATIENCE).await.unwrap();
            producer.send(FutureRecord::<str, str>::to(codec).payload(""), PATIENCE).await.unwrap();
        }
        let held = read(codec, 0, "read_committed");
        check(held.len() == 6, &format!("{codec}: records are written with idempotence and without"));
        let first = &held[3];
        let headers = first.headers().unwrap();
        let whole = text(first) == LONG && first.key() == Some(b"k") && first.timestamp().to_millis() == Some(1_700_000_000_000);
        let named = headers.count() == 2 && headers.get(0).value == Some(&[0u8, 255][..]) && headers.get(1).value.is_none();
        let empty = held[4].payload().is_none() && held[5].key().is_none() && held[5].payload() == Some(b"");
        check(whole && named && empty, &format!("{codec}: values, headers, tombstones and times come back"));
    }
}

async fn administer() {
    let (admin, how): (AdminClient<DefaultClientContext>, _) = (client(&[]), AdminOptions::new());
    let made = [NewTopic::new("made", 2, TopicReplication::Fixed(1)).set("retention.ms", "3600000")];
    admin.create_topics(&made, &how).await.unwrap()[0].as_ref().unwrap();
    let again = admin.create_topics(&made, &how).await.unwrap();
    check(again[0] == Err(("made".into(), RDKafkaErrorCode::TopicAlreadyExists)), "a topic is made once");
    let wide = [NewTopic::new("wide", 1, TopicReplication::Fixed(3))];
    let refused = admin.create_topics(&wide, &how).await.unwrap();
    check(refused[0] == Err(("wide".into(), RDKafkaErrorCode::InvalidReplicationFactor)), "one node has no three replicas");

    let resource = [ResourceSpecifier::Topic("made")];
    let told = admin.describe_configs(&resource, &how).await.unwrap().remove(0).unwrap();
    check(told.get("retention.ms").unwrap().value.as_deref() == Some("3600000"), "a topic has the settings that it was made with");
    let change = AlterConfig::new(ResourceSpecifier::Topic("made")).set("max.message.bytes", "2000000");
    admin.alter_configs([&change], &how).await.unwrap()[0].as_ref().unwrap();
    let told = admin.describe_configs(&resource, &how).await.unwrap().remove(0).unwrap();
    let value = |name| told.get(name).unwrap().value.as_deref();
    check(value("max.message.bytes") == Some("2000000") && value("retention.ms") == Some("604800000"), "all settings are set at once");
    let broker = admin.describe_configs(&[ResourceSpecifier::Broker(1)], &how).await.unwrap().remove(0).unwrap();
    check(broker.entries.len() > 200 && broker.get("log.retention.ms").is_some(), "a broker tells its settings");

    admin.create_partitions(&[NewPartitions::new("made", 4)], &how).await.unwrap()[0].as_ref().unwrap();
    let consumer: BaseConsumer = client(&[("group.id", "asks")]);
    let metadata = consumer.fetch_metadata(Some("made"), PATIENCE).unwrap();
    check(metadata.topics()[0].partitions().len() == 4, "partitions are added");

    let producer: FutureProducer = client(&[]);
    for n in 0..4 {
        let moment = 1_700_000_000_000 + n * 1000;
        producer.send(FutureRecord::<str, str>::to("made").partition(0).key("k").payload("v").timestamp(moment), PATIENCE).await.unwrap();
    }
    let mut places = TopicPartitionList::new();
    places.add_partition_offset("made", 0, Offset::Offset(2)).unwrap();
    admin.delete_records(&places, &how).await.unwrap();
    check(consumer.fetch_watermarks("made", 0, PATIENCE).unwrap() == (2, 4), "records are deleted");
    places.set_partition_offset("made", 0, Offset::Offset(1_700_000_002_500)).unwrap();
    let found = consumer.offsets_for_times(places, PATIENCE).unwrap();
    check(found.find_partition("made", 0).unwrap().offset() == Offset::Offset(3), "offsets are found by time");

    let gone = admin.delete_groups(&["copies", "nobody"], &how).await.unwrap();
    check(gone[0].is_ok() && gone[1] == Err(("nobody".into(), RDKafkaErrorCode::GroupIdNotFound)), "groups are deleted, and only those there are");
    admin.delete_topics(&["made"], &how).await.unwrap()[0].as_ref().unwrap();
    until("topics are deleted", || {
        let all = consumer.fetch_metadata(None, PATIENCE).unwrap();
        all.topics().iter().all(|one| one.name() != "made")
    });
}

fn logins() {
    let (at, authority) = (env::var("GUARDED").unwrap(), env::var("CA").unwrap());
    let asked = |protocol: &str, mechanism: &str, password: &str| {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &at).set("group.id", "asks").set("security.protocol", protocol).set("sasl.mechanism", mechanism);
        config.set("sasl.username", "alice").set("sasl.password", password).set("ssl.ca.location", &authority);
        config.create::<BaseConsumer>().unwrap().fetch_metadata(None, Duration::from_secs(if password == "secret" { 60 } else { 3 }))
    };
    for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
        for protocol in ["SASL_PLAINTEXT", "SASL_SSL"] {
            check(asked(protocol, mechanism, "secret").unwrap().brokers().len() == 1, &format!("{mechanism} over {protocol} is let in"));
        }
        check(asked("SASL_SSL", mechanism, "wrong").is_err(), &format!("{mechanism} with a wrong password is not"));
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    codecs().await;
    members::share("range").await;
    members::share("cooperative-sticky").await;
    members::share("consumer").await;
    copying::transactions().await;
    copying::exactly_once().await;
    administer().await;
    logins();
    let held: Vec<_> = (0..2).flat_map(|shard| read("from-kinesis", shard, "read_committed")).collect();
    let seventh = held.iter().find(|one| one.key() == Some(b"k7")).unwrap();
    check(held.len() == 20 && text(seventh) == "v7", "what was put by Kinesis is read");
}
