#include "emulator/kafka/groups/streams_assignor.h"

#include <algorithm>
#include <optional>

namespace sluice::kafka {

namespace {

using StreamsTask = std::pair<std::string, std::int32_t>;

bool has(const TasksBy& tasks, const StreamsTask& task) {
    const auto found = tasks.find(task.first);
    return found != tasks.end() && std::ranges::binary_search(found->second, task.second);
}

class Dealing {
  public:
    Dealing(std::span<const StreamsWorker> workers, const StreamsWork& work)
        : workers_(workers), work_(work), told_(workers.size()), loads_(workers.size()), actives_(workers.size()) {
        for (const auto& [subtopology, count] : work.tasks)
            for (std::int32_t p = 0; p < count; ++p) tasks_.emplace_back(subtopology, p);
    }
    std::vector<StreamsTasks> run() {
        if (workers_.empty()) return {};
        deal_active();
        for (std::int32_t copy = 0; copy < work_.standbys; ++copy)
            for (const auto& task : tasks_)
                if (work_.stateful.contains(task.first)) deal_standby(task);
        return std::move(told_);
    }

  private:
    void give(std::size_t worker, const StreamsTask& task) {
        assignments::add(told_[worker].active, task.first, task.second);
        ++loads_[worker];
        ++actives_[worker];
        processes_[task].insert(workers_[worker].process);
    }
    // A task stays where it ran, else goes where its state is, as far as nobody gets more than a fair share.
    void deal_active() {
        const auto fair = (tasks_.size() + workers_.size() - 1) / workers_.size();
        std::vector<StreamsTask> left;
        const auto keep = [&](const std::vector<StreamsTask>& tasks, const auto& suits) {
            std::vector<StreamsTask> rest;
            for (const auto& task : tasks) {
                std::optional<std::size_t> best;
                for (std::size_t i = 0; i < workers_.size(); ++i)
                    if (actives_[i] < fair && suits(i, task) && (!best || actives_[i] < actives_[*best])) best = i;
                best ? give(*best, task) : rest.push_back(task);
            }
            return rest;
        };
        const auto ran = [&](std::size_t i, const StreamsTask& task) {
            return workers_[i].before && has(workers_[i].before->active, task) && actives_[i] < room_of(i, fair);
        };
        const auto stood_by = [&](std::size_t i, const StreamsTask& task) {
            return workers_[i].before && has(workers_[i].before->standby, task);
        };
        left = keep(tasks_, ran);
        left = keep(left, stood_by);
        for (const auto& task : left) give(least(actives_, [](std::size_t) { return true; }), task);
    }
    // With five tasks and two workers one has three: those who had more before keep the larger share.
    std::size_t room_of(std::size_t worker, std::size_t fair) {
        if (tasks_.size() % workers_.size() == 0 || actives_[worker] + 1 < fair) return fair;
        const auto larger = static_cast<std::size_t>(std::ranges::count(actives_, fair));
        return larger < tasks_.size() % workers_.size() ? fair : fair - 1;
    }
    void deal_standby(const StreamsTask& task) {
        const auto may = [&](std::size_t i) { return !processes_[task].contains(workers_[i].process); };
        std::optional<std::size_t> to;
        for (std::size_t i = 0; i < workers_.size(); ++i)
            if (may(i) && workers_[i].before && has(workers_[i].before->standby, task)) to = i;
        if (!to) {
            bool any = false;
            for (std::size_t i = 0; i < workers_.size(); ++i) any = any || may(i);
            if (!any) return;
            to = least(loads_, may);
        }
        assignments::add(told_[*to].standby, task.first, task.second);
        ++loads_[*to];
        processes_[task].insert(workers_[*to].process);
    }
    std::size_t least(const std::vector<std::size_t>& loads, const auto& may) const {
        std::optional<std::size_t> best;
        for (std::size_t i = 0; i < loads.size(); ++i)
            if (may(i) && (!best || loads[i] < loads[*best])) best = i;
        return best.value_or(0);
    }

    std::span<const StreamsWorker> workers_;
    const StreamsWork& work_;
    std::vector<StreamsTask> tasks_;
    std::vector<StreamsTasks> told_;
    std::vector<std::size_t> loads_, actives_;
    std::map<StreamsTask, std::set<std::string_view>> processes_;   // that have the task, in whatever part
};

}   // namespace

std::vector<StreamsTasks> assign_tasks(std::span<const StreamsWorker> workers, const StreamsWork& work) {
    return Dealing{workers, work}.run();
}

}   // namespace sluice::kafka
