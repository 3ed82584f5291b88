// What one sender can make this server hold or do: every bound that meets bytes from outside before anybody knows what they
// mean, in one place. docs/security.md tells users about them. Limits that AWS or Kafka document for streams, records and
// calls are not here but in emulator/streams/limits/limits.h; the largest Kafka frame is a broker setting,
// socket.request.max.bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sluice::wire_limits {

inline constexpr std::size_t kib = 1024, mib = 1024 * kib;

// ---- connections, each door for itself ----
// Many times what a test suite opens; with 16 KiB of buffer each they fit into a small container.
inline constexpr std::size_t connections = 10'000;
// Of the process's descriptors, kept for the store, gRPC and files.
inline constexpr std::size_t spare_descriptors = 64;

// ---- slow senders: a request that was begun and is not whole ----
// Looked at this often; whoever sent less than `least_progress_bytes` in between is closed, so after one to two of these.
inline constexpr std::chrono::milliseconds patience{15'000};
// While unfinished requests of a door hold more than `unfinished_bytes`.
inline constexpr std::chrono::milliseconds short_patience{1'000};
// 16 KiB in 15 s is 9 kbit/s: slower than any network that a client would be used on.
inline constexpr std::size_t least_progress_bytes = 16 * kib;
inline constexpr std::size_t unfinished_bytes = 256 * mib;
// Above this the one that holds most is closed at once: ten of the largest Kafka frames.
inline constexpr std::size_t most_unfinished_bytes = 1024 * mib;

// ---- Kafka frames ----
// A stated length is believed up to here; beyond that memory follows the bytes that really came.
inline constexpr std::size_t believed_frame_bytes = 1 * mib;
// Per connection: requests begun and not yet answered, bytes of their frames, and as much again received and not begun.
// Java's producer has 5 in flight; who pipelines more is read no further until the first are answered.
inline constexpr std::size_t calls_in_flight = 64;
inline constexpr std::size_t frame_bytes_in_flight = 32 * mib;
// Answers that the client does not take: nothing new is begun above this.
inline constexpr std::size_t unsent_answer_bytes = 4 * mib;
// Memory for the lists of one request: nested lists of big structs make more memory out of a frame than the frame is long.
inline constexpr std::size_t request_list_bytes = 32 * mib;

// ---- HTTP ----
// Room for any signature and session token.
inline constexpr std::size_t http_header_bytes = 64 * kib;
// 10 MiB of data in base64 are 13.4 MiB, and room for keys.
inline constexpr std::size_t http_body_bytes = 16 * mib;
// After a refusal what the client is still sending is dropped for so long and up to so much, so that a client that writes its
// whole request first sees the answer (RFC 9112, 9.6).
inline constexpr std::chrono::milliseconds http_drain{10'000};
inline constexpr std::size_t http_drain_bytes = 1024 * mib;
// A connection on which nothing moved for so long and that waits for no answer is closed: as long as Kafka's
// connections.max.idle.ms, and longer than SDKs keep an unused connection.
inline constexpr std::chrono::milliseconds http_idle{600'000};
// A client that ended its side of the connection may still read its answer: a request that waits does so for so long, then nobody
// is expected to be there.
inline constexpr std::chrono::milliseconds http_half_closed{30'000};
// A buffer that a large body needed is given back above this.
inline constexpr std::size_t http_idle_buffer_bytes = 1 * mib;

// ---- HTTP/2, each connection ----
// Requests that a client may have open at once; SDKs take 100 where nothing is said.
inline constexpr std::uint32_t http2_streams = 128;
// Of them, but for subscriptions, those carried out at once. Others wait, as all do while `unsent_answer_bytes` are not taken.
inline constexpr std::size_t http2_calls = 64;
// What a client may send ahead: of one request, and of all.
inline constexpr std::size_t http2_stream_window = 256 * kib;
inline constexpr std::size_t http2_connection_window = 16 * mib;
// Requests that are not whole. Above this only the oldest is given new room.
inline constexpr std::size_t http2_unfinished_bytes = 32 * mib;
// A client may reset so many requests more than it lets be answered (CVE-2023-44487).
inline constexpr std::size_t http2_free_resets = 1'000;

// ---- JSON and CBOR ----
// Deeper than any request of the model.
inline constexpr int nesting = 64;
// Of a list whose length the model does not bound; where it does, that bound and one more.
inline constexpr std::size_t list_items = 1'000;

// ---- record batches ----
// One batch unpacked, whatever it says: no smaller than the largest frame, so that what is stored uncompressed can also be
// stored compressed.
inline constexpr std::size_t unpacked_batch_bytes = 100 * mib;

// ---- control plane ----
// Connections by gRPC; each takes two descriptors. A word has one for a moment, a test program one while it runs. A thousand
// that begin and do not go on leave room for others until gRPC gives them up.
inline constexpr std::size_t control_connections = 2'000;
inline constexpr int grpc_message_bytes = 4 * static_cast<int>(mib);
// What gRPC is asked to keep its connections within. Beyond it, it closes those first that have no call yet, so a client that
// has just come: a thousand that stop in the middle of their headers (0.2 MiB each, of 8 KB that came) stay below.
inline constexpr std::size_t grpc_memory_bytes = 256 * mib;
// gRPC unpacks the headers of a whole frame before it looks at their size, and takes frames of 4 MiB unless told. HTTP/2's
// default.
inline constexpr int grpc_frame_bytes = 16 * static_cast<int>(kib);
// What a connection reads at once. gRPC's own choice is up to 4 MiB, and each connection keeps it.
inline constexpr int grpc_read_bytes = 8 * static_cast<int>(kib);
// Without a call; clients connect again by themselves.
inline constexpr std::chrono::milliseconds grpc_idle{60'000};
// From connect to the end of HTTP/2's preface.
inline constexpr std::chrono::milliseconds grpc_handshake{15'000};
// Messages of one streaming call that its reader has not taken.
inline constexpr std::size_t grpc_unsent_messages = 1'000;
// A stream as an HTTP answer: at most so many lines, and so long a wait for the first refusal.
inline constexpr std::size_t http_stream_lines = 10'000;
inline constexpr std::chrono::milliseconds http_stream_wait{10'000};

}   // namespace sluice::wire_limits
