//! The AWS SDK for Rust as it comes: a stream from its creation to its end, by polling and by SubscribeToShard.   sluice-clients ENDPOINT [CA]
use std::collections::HashSet;
use std::error::Error;
use std::time::Duration;

use aws_sdk_kinesis::client::Waiters;
use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kinesis::error::ProvideErrorMetadata;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{
    ConsumerStatus, PutRecordsRequestEntry, ShardIteratorType, StartingPosition, SubscribeToShardEventStream,
};
use aws_sdk_kinesis::{Client, Config};
use aws_smithy_http_client::tls::{rustls_provider::CryptoMode, Provider, TlsContext, TrustStore};

const STREAM: &str = "rust";
const PATIENCE: Duration = Duration::from_secs(60);
type Outcome<T> = Result<T, Box<dyn Error>>;

fn check(holds: bool, what: &str) {
    assert!(holds, "{what}");
    println!("seen: {what}");
}

fn client(endpoint: &str, authority: Option<&str>) -> Outcome<Client> {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::for_tests())
        .endpoint_url(endpoint);
    let Some(path) = authority else { return Ok(Client::from_conf(config.build())) };
    let known = TrustStore::empty().with_pem_certificate(std::fs::read(path)?);
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(TlsContext::builder().with_trust_store(known).build()?)
        .build_https();
    Ok(Client::from_conf(config.http_client(http).build()))
}

/// Reads a shard from its beginning: to its end when it is closed, else until nothing is behind.
async fn read(kinesis: &Client, shard: &str) -> Outcome<(Vec<String>, bool)> {
    let mut values = Vec::new();
    let first = kinesis.get_shard_iterator().stream_name(STREAM).shard_id(shard);
    let mut from = first.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await?.shard_iterator;
    while let Some(iterator) = from {
        let page = kinesis.get_records().shard_iterator(iterator).limit(40).send().await?;
        for record in page.records() {
            values.push(String::from_utf8(record.data().as_ref().to_vec())?);
        }
        if page.next_shard_iterator().is_some() && page.records().is_empty() && page.millis_behind_latest() == Some(0) {
            return Ok((values, false));
        }
        from = page.next_shard_iterator;
    }
    Ok((values, true))
}

async fn fan_out(kinesis: &Client, shard: &str, wanted: &[String]) -> Outcome<()> {
    let summary = kinesis.describe_stream_summary().stream_name(STREAM).send().await?.stream_description_summary.unwrap();
    let registered = kinesis.register_stream_consumer().stream_arn(summary.stream_arn()).consumer_name("reader").send().await?;
    let consumer = registered.consumer().unwrap().consumer_arn();
    loop {
        let told = kinesis.describe_stream_consumer().consumer_arn(consumer).send().await?;
        if told.consumer_description().unwrap().consumer_status() == &ConsumerStatus::Active {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let start = StartingPosition::builder().r#type(ShardIteratorType::TrimHorizon).build()?;
    let mut pushed = kinesis.subscribe_to_shard().consumer_arn(consumer).shard_id(shard).starting_position(start).send().await?.event_stream;
    let (mut values, mut children) = (Vec::new(), 0);
    while let Some(SubscribeToShardEventStream::SubscribeToShardEvent(event)) = pushed.recv().await? {
        for record in event.records() {
            values.push(String::from_utf8(record.data().as_ref().to_vec())?);
        }
        children += event.child_shards().len();
    }
    check(values == wanted && children == 2, "a closed shard is pushed in order to its end, which names its children");
    kinesis.deregister_stream_consumer().consumer_arn(consumer).send().await?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let kinesis = client(&arguments[1], arguments.get(2).map(String::as_str))?;

    kinesis.create_stream().stream_name(STREAM).shard_count(2).send().await?;
    kinesis.wait_until_stream_exists().stream_name(STREAM).wait(PATIENCE).await?;

    let single = kinesis.put_record().stream_name(STREAM).data(Blob::new("single")).partition_key("a");
    single.explicit_hash_key("0").send().await?;
    let mut batch = Vec::new();
    for n in 0..200 {
        batch.push(PutRecordsRequestEntry::builder().data(Blob::new(format!("value {n}"))).partition_key(n.to_string()).build()?);
    }
    let put = kinesis.put_records().stream_name(STREAM).set_records(Some(batch)).send().await?;
    check(put.failed_record_count() == Some(0), "a batch of 200 is taken");

    kinesis.split_shard().stream_name(STREAM).shard_to_split("shardId-000000000000").new_starting_hash_key("9").send().await?;
    kinesis.wait_until_stream_exists().stream_name(STREAM).wait(PATIENCE).await?;
    let merge = kinesis.merge_shards().stream_name(STREAM).shard_to_merge("shardId-000000000003");
    merge.adjacent_shard_to_merge("shardId-000000000001").send().await?;
    kinesis.wait_until_stream_exists().stream_name(STREAM).wait(PATIENCE).await?;
    let first = kinesis.list_shards().stream_name(STREAM).max_results(2).send().await?;
    let mut shards = first.shards().to_vec();
    let mut token = first.next_token;
    while let Some(next) = token {
        let page = kinesis.list_shards().next_token(next).max_results(2).send().await?;
        shards.extend_from_slice(page.shards());
        token = page.next_token;
    }
    let is_closed = |shard: &&aws_sdk_kinesis::types::Shard| shard.sequence_number_range().unwrap().ending_sequence_number().is_some();
    check(shards.len() == 5 && shards.iter().filter(is_closed).count() == 3, "ListShards, page by page, knows what was split and merged");

    let (mut all, mut ends, mut of_first) = (HashSet::new(), 0, Vec::new());
    for shard in &shards {
        let (values, ended) = read(&kinesis, shard.shard_id()).await?;
        ends += usize::from(ended);
        all.extend(values.iter().cloned());
        if shard.shard_id() == "shardId-000000000000" {
            of_first = values;
        }
    }
    check(all.len() == 201 && ends == 3 && of_first[0] == "single", "all records come back, and closed shards end");

    fan_out(&kinesis, "shardId-000000000000", &of_first).await?;

    let refused = kinesis.put_record().stream_name("none").data(Blob::new("x")).partition_key("k").send().await.unwrap_err();
    check(refused.code() == Some("ResourceNotFoundException"), "a stream that is not there is refused");

    kinesis.delete_stream().stream_name(STREAM).send().await?;
    kinesis.wait_until_stream_not_exists().stream_name(STREAM).wait(PATIENCE).await?;
    check(kinesis.list_streams().send().await?.stream_names().is_empty(), "the stream is deleted");
    Ok(())
}
