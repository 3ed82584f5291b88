#include "emulator/kinesis/queues.h"

#include "emulator/kinesis/counted.h"
#include "emulator/kinesis/kms.h"
#include "emulator/kinesis/records/iterators.h"
#include "emulator/kinesis/records/shown_record.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/queues.h"
#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {
namespace {

constexpr std::string_view resource = ":queue/";

std::string_view type_of(streams::QueueStart start) {
    switch (start) {
        case streams::QueueStart::oldest:
            return "TRIM_HORIZON";
        case streams::QueueStart::since:
            return "AT_TIMESTAMP";
        case streams::QueueStart::latest:
            break;
    }
    return "LATEST";
}

}   // namespace

std::expected<streams::QueuePointer, Error> find_queue(const Call& call, std::string_view arn) {
    auto queue = call.engine.queues().find(call.world, arn.substr(arn.rfind(resource) + resource.size()));
    if (!queue || (call.names.separate() && call.names.scope() != Scope{queue->account, queue->region}))
        return std::unexpected{texts::queue_not_found(arn)};
    return queue;
}

std::string arn_of(const streams::Queue& queue) {
    return fmt::format("arn:aws:kinesis:{}:{}{}{}", queue.region, queue.account, resource, queue.id);
}

QueueDescription describe(const Call& call, const streams::Queue& queue) {
    QueueDescription told{.queue_name = queue.name,
                          .queue_arn = arn_of(queue),
                          .queue_status = status_text(queue.status),
                          .queue_creation_timestamp = queue.created,
                          .stream_configuration_list = {},
                          .queue_attributes = {}};
    if (const auto stream = call.engine.find(call.world, queue.stream_name))
        told.stream_configuration_list.push_back({arn_of(call, *stream), {type_of(queue.start), queue.from}});
    // Before it is ACTIVE only what was asked for is known.
    if (queue.status == streams::StreamStatus::creating && !told.stream_configuration_list.empty())
        told.stream_configuration_list.front().starting_position.timestamp = queue.backlog_start.since;
    const auto& attributes = queue.next.value_or(queue.attributes);
    told.queue_attributes.visibility_timeout_seconds = attributes.visibility_s;
    told.queue_attributes.dead_letter_configuration = attributes.most_received == 0
                                                          ? DeadLetterConfiguration{"NONE", std::nullopt}
                                                          : DeadLetterConfiguration{"BUILT_IN", attributes.most_received};
    return told;
}

std::expected<streams::QueueAttributes, Error> attributes_of(const QueueAttributes& asked, streams::QueueAttributes attributes) {
    attributes.visibility_s = asked.visibility_timeout_seconds.value_or(attributes.visibility_s);
    if (!asked.dead_letter_configuration) return attributes;
    const auto& dead = *asked.dead_letter_configuration;
    if (*dead.target_type == "NONE") {
        if (dead.max_receive_count) return std::unexpected{texts::no_dead_letters_take_no_count()};
        attributes.most_received = 0;
        return attributes;
    }
    if (!dead.max_receive_count) return std::unexpected{texts::dead_letters_need_count()};
    attributes.most_received = *dead.max_receive_count;
    return attributes;
}

// ---- receiving ----

namespace {

using streams::Backlog;

std::optional<Error> must_deliver(const streams::Queue& queue) {
    if (queue.gone.ended()) return texts::queue_not_found(arn_of(queue));
    if (queue.status == streams::StreamStatus::active || queue.status == streams::StreamStatus::updating) return {};
    return texts::queue_delivers_nothing(queue.name, status_text(queue.status));
}

ReceiveRequest::Result shown(Call& call, const streams::Queue& queue, const Backlog::Batch& batch) {
    ReceiveRequest::Result told;
    for (const auto& [shard, record, delivery] : batch.taken) {
        const auto bytes = (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
        call.engine.count_read(*shard, streams::Door::queue, bytes, 1);   // a queue has throughput of its own
        SequenceNumbers numbers{*shard};
        const auto as_read = shown_record(*shard, record, numbers, call.kept);
        told.queue_records.push_back({.receipt_handle = seal(Receipt{.queue = queue.id,
                                                                     .shard = shard->index,
                                                                     .position = record.position,
                                                                     .received = delivery.received,
                                                                     .dead = delivery.dead}),
                                      .record_id = as_read.sequence_number,
                                      .partition_key = as_read.partition_key,
                                      .data = as_read.data,
                                      .approximate_arrival_timestamp = from_ms(record.appended_ms),
                                      .first_receive_timestamp = delivery.first,
                                      .receive_count = delivery.received - delivery.spared});
    }
    return told;
}

// How long a call may still wait for a record: of the span of virtual and that of real time the one that is over first (rule 6).
class Patience {
  public:
    Patience(const Clock& clock, milliseconds span)
        : clock_(clock), until_(clock.now() + span), real_until_(clock.real() + span) {}
    milliseconds left() const { return std::min(until_ - clock_.now(), real_until_ - clock_.real()); }

  private:
    const Clock& clock_;
    Time until_, real_until_;
};

// False: nobody waits for the answer any more.
Task<bool> wait(Call& call, const streams::Queue& queue, milliseconds span) {
    Waiter waiter{call.engine.executor()};
    waiter.watch(streams::Queues::backlog(queue).changed());
    waiter.watch(queue.gone);
    if (call.asker) {
        waiter.watch(call.asker->out.gone(), Woken::closed);
        call.asker->serving.end();
    }
    waiter.deadline(*call.world.clock, span);
    const auto why = co_await waiter.wait();
    if (call.asker) call.asker->serving = call.world.clock->serve();
    co_return why != Woken::closed;
}

}   // namespace

Task<Written> receive(Call& call, const ReceiveRequest& request, bool dead) {
    const auto found = find_queue(call, *request.queue_arn);
    if (!found) co_return std::unexpected{found.error()};
    const auto queue = *found;
    const Patience patience{*call.world.clock, std::chrono::seconds{request.wait_time_seconds.value_or(9)}};
    for (;;) {
        if (auto fault = must_deliver(*queue)) co_return std::unexpected{*fault};
        const auto stream = call.engine.find(call.world, queue->stream_name);
        if (auto fault = stream ? fault_of_key(call, *stream) : std::nullopt) co_return std::unexpected{*fault};
        auto& backlog = streams::Queues::backlog(*queue);
        auto batch = backlog.take(
            {.records = request.limit.value_or(10),
             .bytes = streams::get_records_bytes,
             .hidden_for = std::chrono::seconds{request.visibility_timeout_seconds.value_or(queue->attributes.visibility_s)},
             .dead = dead});
        if (batch.failed) co_return std::unexpected{texts::internal_failure()};
        if (!batch.taken.empty()) {
            auto answer = answer_of(shown(call, *queue, batch), call.encoding);
            const auto ticket = std::exchange(batch, {}).stored;   // the records' bytes are let go of
            const auto stored = co_await ticket.committed();
            if (!stored) co_return std::unexpected{texts::internal_failure()};
            co_return answer;
        }
        if (batch.away) {
            auto reaching = backlog.reach(batch);
            co_await std::move(reaching);
            continue;
        }
        if (batch.full) co_return std::unexpected{texts::too_much_in_flight(queue->name, streams::most_unsettled)};
        const auto left = patience.left();
        if (left.count() <= 0) break;
        auto waiting = wait(call, *queue, left);
        if (!co_await std::move(waiting)) break;
    }
    co_return answer_of(ReceiveRequest::Result{}, call.encoding);
}

// ---- settling ----

namespace {

Error text_of(Backlog::Outcome outcome) {
    switch (outcome) {
        case Backlog::Outcome::unknown:
            return texts::receipt_unknown();
        case Backlog::Outcome::not_hidden:
            return texts::not_in_flight();
        case Backlog::Outcome::stale:
        case Backlog::Outcome::done:
            break;
    }
    return texts::receipt_stale();
}

// `apply` to each delivery that an entry names. All of them are stored before any is answered.
template <class Request>
Task<Reply<Request>> settle(Call& call, const Request& request, bool dead, auto apply) {
    const auto found = find_queue(call, *request.queue_arn);
    if (!found) co_return std::unexpected{found.error()};
    const auto& queue = **found;
    if (auto fault = must_deliver(queue)) co_return std::unexpected{*fault};
    auto& backlog = streams::Queues::backlog(queue);
    SettledEntries told;
    for (const auto& entry : *request.entries) {
        const auto handle = *entry.receipt_handle;
        const auto fault = [&]() -> std::optional<Error> {
            const auto receipt = open_receipt(handle);
            if (!receipt || receipt->queue != queue.id) return texts::receipt_invalid();
            if (receipt->dead != dead) return dead ? texts::receipt_of_no_dead_letter() : texts::receipt_of_dead_letter();
            const auto outcome =
                apply(backlog, Backlog::Handed{{receipt->shard, receipt->position}, receipt->received, receipt->dead}, entry);
            return outcome == Backlog::Outcome::done ? std::nullopt : std::optional{text_of(outcome)};
        }();
        if (fault)
            told.failed.push_back({handle, exception_name(fault->code), fault->message.value_or("")});
        else
            told.successful.push_back({handle});
    }
    const auto ticket = backlog.store();
    const auto stored = co_await ticket.committed();
    if (!stored) co_return std::unexpected{texts::internal_failure()};
    co_return told;
}

}   // namespace

Task<Reply<SettleRequest>> acknowledge(Call& call, const SettleRequest& request, bool dead) {
    return settle(call, request, dead,
                  [](Backlog& backlog, const Backlog::Handed& handed, const auto&) { return backlog.settle(handed); });
}

Task<Reply<SettleRequest>> restore(Call& call, const SettleRequest& request) {
    return settle(call, request, true,
                  [](Backlog& backlog, const Backlog::Handed& handed, const auto&) { return backlog.revive(handed); });
}

Task<Reply<VisibilityRequest>> change_visibility(Call& call, const VisibilityRequest& request, bool dead) {
    return settle(call, request, dead, [](Backlog& backlog, const Backlog::Handed& handed, const auto& entry) {
        return backlog.hide(handed, std::chrono::seconds{*entry.visibility_timeout_seconds});
    });
}

}   // namespace sluice::kinesis
