--- From samples to medians, ratios and a table to read.

local report = {}

local OWN = "celigo"

local function median(values)
  local sorted = table.move(values, 1, #values, 1, {})
  table.sort(sorted)
  local n = #sorted
  if n % 2 == 1 then return sorted[n // 2 + 1] end
  return (sorted[n // 2] + sorted[n // 2 + 1]) / 2
end
report.median = median

--- Median over the rounds of own figure by the peer's of the same round.
-- Rounds are interleaved, so what slows the machine for a while slows both.
local function ratio(own, peer, metric)
  if not own or not peer then return nil end
  local ratios = {}
  for i = 1, #peer[metric] do
    ratios[i] = own[metric][i] / peer[metric][i]
  end
  return median(ratios)
end

--- What became of a target: { metric, peer, bound, value, met }; value is
-- nil where one of the two is absent.
local function judge(target, samples)
  local own, peer = samples[OWN], samples[target.peer]
  for _, metric in ipairs { "cpu", "wall", "rss" } do
    local bound = target[metric]
    if bound then
      local value = ratio(own, peer, metric)
      if value and metric == "rss" then value = (median(own.rss) - median(peer.rss)) / 1024 end
      return { metric = metric, peer = target.peer, bound = bound,
        value = value, met = value and value <= bound }
    end
  end
end

--- Sums a workload up.
-- @tparam table workload see bench/workloads.lua
-- @tparam integer count how often it was done in each round
-- @tparam table samples by peer: cpu, wall (seconds), process_cpu (seconds,
-- start included) and rss (KiB), one value for each round; an absent peer
-- has none
-- @treturn table id, title, count, peers (in order) and targets
function report.summarise(workload, count, samples)
  local summary = { id = workload.id, title = workload.title,
    count = count, peers = {}, targets = {} }
  for i, name in ipairs(workload.peers) do
    local of = samples[name]
    summary.peers[i] = of and {
      name = name,
      cpu = median(of.cpu), wall = median(of.wall), rss = median(of.rss),
      process_cpu = median(of.process_cpu),
      cpu_ratio = ratio(samples[OWN], of, "cpu"),
      wall_ratio = ratio(samples[OWN], of, "wall"),
      samples = of,
    } or { name = name, absent = true }
  end
  for i, target in ipairs(workload.targets or {}) do
    summary.targets[i] = judge(target, samples)
  end
  return summary
end

local function number(format, value)
  return value and format:format(value) or "-"
end

local LABELS = {
  cpu = "CPU by %s's", wall = "wall time by %s's",
  rss = "peak memory above %s's, MB",
}

--- Writes a summary for people.
function report.print(summary, out)
  out:write(("\n%s: %s (%d)\n"):format(summary.id, summary.title,
    summary.count))
  out:write(("  %-16s %10s %8s %10s %8s %9s\n"):format("peer", "CPU ms",
    "celigo/", "wall ms", "celigo/", "peak MB"))
  for _, peer in ipairs(summary.peers) do
    if peer.absent then
      out:write(("  %-16s %10s\n"):format(peer.name, "absent"))
    else
      out:write(("  %-16s %10.2f %8s %10.2f %8s %9.1f\n"):format(peer.name,
        peer.cpu * 1e3, number("%.2f", peer.cpu_ratio),
        peer.wall * 1e3, number("%.2f", peer.wall_ratio), peer.rss / 1024))
    end
  end
  for _, target in ipairs(summary.targets) do
    local label = LABELS[target.metric]:format(target.peer)
    local verdict = target.value == nil and "not measured"
      or target.met and "met"
      or "MISSED"
    out:write(("  target: %s: %s, at most %.2f: %s\n"):format(label,
      number("%.2f", target.value), target.bound, verdict))
  end
  out:flush()
end

return report
