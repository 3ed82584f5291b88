// There are no users here: whoever signs is the account itself, as with the keys of an account's root user at AWS. The account is
// the one whose streams the caller sees (rule 3).
#include "emulator/kinesis/sts.h"

#include "emulator/kinesis/scope.h"
#include "emulator/kinesis/verification.h"
#include "protocol/sts/get_caller_identity.h"

namespace sluice::kinesis {
namespace {

Answer told(unsigned status, std::string body, const std::string& request_id) {
    Answer answer;
    answer.status = status, answer.content_type = sts::content_type, answer.body = std::move(body);
    answer.extended_id = false, answer.request_id = request_id;
    return answer;
}

}   // namespace

Task<Answer> answer_sts(streams::Engine& engine, const DoorOptions& options, aws::RequestHead head, std::string_view body,
                        sts::Asked asked) {
    const auto request_id = Random::uuid_text(engine.random().uuid());
    const auto refuse = [&](const sts::Fault& fault) { return told(fault.status, sts::xml_of(fault, request_id), request_id); };
    if (asked.action != sts::GetCallerIdentity::operation || asked.version != sts::version)
        co_return refuse(sts::no_such_action(asked));
    const auto caller = aws::read_signature(head);
    if (!caller) co_return refuse(sts::fault_of(caller.error()));
    if (options.verification) {
        auto looking = verify(engine, *options.verification, head, body, *caller, sts::service);
        if (auto right = co_await std::move(looking); !right) co_return refuse(sts::fault_of(std::move(right.error())));
    }
    const Names names{engine.options(), options, *caller};
    const auto& account = names.scope().account;
    const sts::GetCallerIdentity::Result result{
        .user_id = account, .account = account, .arn = "arn:aws:iam::" + account + ":root"};
    co_return told(200, sts::xml_of<sts::GetCallerIdentity>(result, request_id), request_id);
}

}   // namespace sluice::kinesis
