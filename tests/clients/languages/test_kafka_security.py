"""Kafka's own client at the Kafka door: logins, TLS, delegation tokens, ACLs and quotas."""
from conftest import Server
from test_languages import needs, prepared, run


def test_kafkas_own_client_logs_in_and_manages_who_may_do_what(tmp_path):
    needs("java", "mvn")
    folder = prepared("kafka_security", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    server = Server(None, "--tls-ca", str(tmp_path / "ca.pem"), "--kafka-auth", "required", "--kafka-user", "alice:secret",
                    "--kafka-config", "super.users=User:alice", "--kafka-config", "delegation.token.secret.key=k")
    try:
        told = run(folder, "java", "-cp", "target/classes:lib/*", "KafkaSecurity", "localhost:" + server.kafka_at.rsplit(":", 1)[1],
                   str(tmp_path / "ca.pem"))
    finally:
        server.stop()
    assert told.count("seen: ") == 5, told
