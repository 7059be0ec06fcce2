-- The benchmark: every workload, every peer, in interleaved rounds.
--
--   cmake -S . -B build -DCELIGO_BENCH=ON && cmake --build build
--   lua5.4 bench/run.lua [--rounds N] [--only W2] [--peers celigo,plain] …
--
-- Figures are ratios from one run on one machine; nothing here passes or
-- fails by them. A peer that answers wrongly, or fails, ends the run.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local root = here .. "/.."
package.path = root .. "/?.lua;" .. package.path

local argparse = require "argparse"
local cjson = require "cjson"

local commands = require "bench.commands"
local data = require "bench.data"
local nginx = require "bench.nginx"
local report = require "bench.report"
local all_workloads = require "bench.workloads"

local WIDTH = 16 -- requests side by side
local DELAY = 0.05 -- seconds by which the late server answers later

local function parse_arguments()
  local parser = argparse("run.lua", "Measures the library against its peers.")
  parser:option("--rounds", "Rounds to take the medians of.", "7")
    :convert(math.tointeger)
  parser:option("--only", "Workloads, by id or its beginning (W3, decode).")
    :args("+")
  parser:option("--peers", "Peers to run, separated by commas.")
  parser:option("--build", "The build directory.", root .. "/build")
  parser:option("--json", "File to write every sample to.")
  parser:option("--lua", "Lua interpreter.", "lua5.4")
  parser:option("--python", "Python interpreter.", "/usr/bin/python3")
  parser:option("--node", "Node.", "node")
  parser:flag("--quick", "A tenth of the work and two rounds.")
  local options = parser:parse()
  if options.quick then options.rounds = 2 end
  return options
end

local function selected(id, only)
  if not only then return true end
  for _, wanted in ipairs(only) do
    if id == wanted or id:sub(1, #wanted + 1) == wanted .. "-" then return true end
  end
  return false
end

--- Runs a command and returns its lines, decoded.
local function run_measured(command)
  local pipe <close> = assert(io.popen(command))
  local own, process
  for line in pipe:lines() do
    own, process = process, cjson.decode(line)
  end
  if not own or process.status ~= 0 then error("failed: " .. command, 0) end
  return own, process
end

local function check(own, expected, command)
  for field, value in pairs(expected) do
    if own[field] and own[field] ~= value then
      error(("wrong answer: %s is %s, not %s: %s"):format(field, own[field],
        value, command), 0)
    end
  end
  if own.bytes == nil and (own.records == nil or own.sum == nil) then
    error("no answer to check: " .. command, 0)
  end
end

--- One figure of a peer for one round: the median of its repeats.
local function measure(workload, peer, count, expected, context)
  local figures = { cpu = {}, wall = {}, rss = {}, process_cpu = {} }
  local command = commands.run(workload, peer, count, context)
  for i = 1, workload.repeats or 1 do
    local own, process = run_measured(command)
    check(own, expected, command)
    figures.cpu[i], figures.wall[i] = own.cpu, own.wall
    figures.rss[i], figures.process_cpu[i] = process.rss, process.cpu
  end
  for name, values in pairs(figures) do
    figures[name] = report.median(values)
  end
  return figures
end

local function present_peers(workload, only, context)
  local present = {}
  for _, peer in ipairs(workload.peers) do
    local wanted = not only or ("," .. only .. ","):find("," .. peer .. ",",
      1, true)
    if wanted and commands.available(workload, peer, context) then present[#present + 1] = peer end
  end
  return present
end

local function run_workload(workload, options, known, context)
  local count = workload.count
  if options.quick and count > 20 then count = math.max(count // 10, 5) end
  local expected = data.expected(known, workload, count)
  local peers = present_peers(workload, options.peers, context)
  local samples = {}
  for round = 1, options.rounds do
    for _, peer in ipairs(peers) do
      local figures = measure(workload, peer, count, expected, context)
      samples[peer] = samples[peer]
        or { cpu = {}, wall = {}, rss = {}, process_cpu = {} }
      for name, value in pairs(figures) do
        samples[peer][name][round] = value
      end
    end
  end
  return report.summarise(workload, count, samples)
end

local function run_all(options, scratch)
  local www = scratch .. "/www"
  assert(os.execute(("mkdir '%s'"):format(www)))
  local known = data.write(www)
  local servers = nginx.start(scratch, DELAY)
  local _ <close> = setmetatable({}, { __close = servers.stop })
  local build = options.build
  local context = {
    lua = options.lua, python = options.python, node = options.node,
    bin = build .. "/bench", peers = here .. "/peers",
    servers = servers, www = www, width = WIDTH,
    lua_path = ("%s/?.lua;%s/lua/?.lua;%s/lua/?/init.lua;;"):format(root,
      root, root),
    lua_cpath = ("%s/lib/?.so;%s/?.so;;"):format(build, build),
  }
  local summaries = {}
  for _, workload in ipairs(all_workloads) do
    if selected(workload.id, options.only) then
      local summary = run_workload(workload, options, known, context)
      report.print(summary, io.stdout)
      summaries[#summaries + 1] = summary
    end
  end
  return summaries
end

local function output_of(command)
  local pipe <close> = assert(io.popen(command .. " 2>/dev/null"))
  return pipe:read("l") or "unknown"
end

--- What the figures were measured on and with.
local function describe(options)
  return {
    { "machine", output_of("uname -srm") },
    { "processors", output_of("nproc") },
    { "processor", output_of("sed -n 's/^model name.*: //p' /proc/cpuinfo") },
    { "load before", output_of("cut -d ' ' -f 1 /proc/loadavg") },
    { "libcurl", output_of("curl --version") },
    { "lua", output_of(options.lua .. " -v") },
    { "python", output_of(options.python .. " --version") },
    { "node", output_of(options.node .. " --version") },
    { "rounds", tostring(options.rounds) },
  }
end

local options = parse_arguments()
local scratch = output_of("mktemp -d")
local description = describe(options)
for _, line in ipairs(description) do
  print(("%-12s %s"):format(line[1], line[2]))
end
local ok, result = pcall(run_all, options, scratch)
os.execute(("rm -rf '%s'"):format(scratch))
if not ok then
  io.stderr:write("bench: ", tostring(result), "\n")
  os.exit(1)
end
if options.json then
  local file <close> = assert(io.open(options.json, "w"))
  file:write(cjson.encode { run = description, workloads = result }, "\n")
end
