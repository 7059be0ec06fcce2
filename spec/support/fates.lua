--- What may become of calls, and who judges it: random calls with random
-- faults, every way of waiting for them, and the rules, held against the
-- server's own record.

local missing = require "spec.support.missing"
local seeded = require "spec.support.seeded"
local socket = require "socket"

local fates = {}

local LICENSE = { email = "zoe@example.com", opts = {}, expires = "2030-01-31T00:00:00.000Z" }
local CHANGE = { opts = {}, expires = "2030-01-31T00:00:00.000Z" }
local CONNECTOR = "54fa0b38a7044f9252000036"
local RECORDS = 6 -- of every list, on two pages

-- Calls ------------------------------------------------------------------

-- By kind: the method, what its result must say, and what it may do.
local kinds = {
  get = {
    method = "get_connector_by_id", arguments = function() return CONNECTOR end, repeatable = true,
    names = function(value, id) return value._id == id end,
  },
  list = {
    method = "list_connector_licenses", arguments = function() return CONNECTOR end, repeatable = true, pages = 2,
    names = function(value, id)
      for i = 1, RECORDS do
        if not value[i] or value[i]._id ~= id .. "-" .. i then return false end
      end
      return #value == RECORDS
    end,
  },
  post = {
    method = "create_connector_license", arguments = function() return CONNECTOR, LICENSE end, write = true,
    names = function(value, id) return value._id == id end,
  },
  put = {
    method = "update_connector_license", arguments = function(id) return CONNECTOR, id, CHANGE end,
    repeatable = true, write = true,
    names = function(value, id) return value._id == id end,
  },
  delete = {
    method = "delete_connector_license", arguments = function(id) return CONNECTOR, id end,
    repeatable = true, write = true,
    names = function(value) return value == true end,
  },
}

local function pack_call(kind, id, plan)
  local arguments = table.pack(kinds[kind].arguments(id))
  arguments[arguments.n + 1] = { headers = { ["X-Id"] = id, ["X-Plan"] = plan } }
  return arguments
end

--- A call that is to be made: of a kind ("get", "list", "post", "put",
-- "delete"), with an id of its own and a plan (see fate_server.lua).
function fates.job(kind, id, plan)
  return {
    kind = kind, id = id, plan = plan or "ok", method = kinds[kind].method,
    arguments = pack_call(kind, id, plan or "ok"), pause = 0,
  }
end

-- Which failures happen, the frequent ones more than once.
local FAULTS = {
  "429", "503", "503", "504", "408", "500+", "502+", "422",
  "fin", "fin+", "cut", "cut+", "rst", "rst+", "head", "head+", "body", "body+",
}
-- Costs a whole timeout, and takes what shares its connection along.
local SILENCE = { "silent", "silent+" }
local SILENCE_SHARE = seeded.slow and 0 or 0.01
local STREAM_FAULTS = { "refused", "internal", "internal+", "cancel", "cancel+", "h11", "goaway", "goaway", "undone" }
local KINDS = { "get", "get", "post", "post", "post", "put", "delete", "list" }

local function random_plan(random, http2)
  local steps = {}
  if random:chance(0.5) then
    for i = 1, random:integer(1, 2) do
      local list = random:chance(SILENCE_SHARE) and SILENCE or http2 and random:chance(0.4) and STREAM_FAULTS or FAULTS
      steps[i] = random:pick(list) .. (random:chance(0.3) and "@" .. random:integer(0, 30) or "")
    end
  end
  steps[#steps + 1] = "ok" .. (random:chance(0.3) and "@" .. random:integer(0, 50) or "")
    .. (random:chance(0.4) and random:pick { "~", "=" } .. random:integer(0, 50) or "")
  return table.concat(steps, ",")
end

--- So many random calls; http2: with the failures that only HTTP/2 knows.
function fates.random_jobs(random, count, http2)
  local name = ("%x"):format(random:integer(0, 0xffffff))
  local jobs = {}
  for i = 1, count do
    jobs[i] = fates.job(random:pick(KINDS), name .. "-" .. i, random_plan(random, http2))
    jobs[i].pause = random:chance(0.3) and random:integer(0, 60) / 1000 or 0
  end
  return jobs
end

--- Calls of all kinds, each of which meets one failure; all failures but
-- silence occur.
function fates.table_jobs(http2)
  local jobs = {}
  local function add(list)
    for _, fault in ipairs(list) do
      for kind in ("post put delete get list"):gmatch "%a+" do
        -- Reads and repeats of reads meet what is done before a failure as what is not done.
        if kinds[kind].write or not fault:find("+", 1, true) then
          jobs[#jobs + 1] = fates.job(kind, ("t-%d"):format(#jobs + 1), fault .. ",ok")
        end
      end
    end
  end
  add(FAULTS)
  if http2 then add(STREAM_FAULTS) end
  return jobs
end

-- Ways of waiting --------------------------------------------------------

local GUARD = 120 -- seconds; against hanging only

local function note(job, value, other)
  job.ended, job.value, job.other = socket.gettime(), value, other
end

local function perform(client, job)
  job.started = socket.gettime()
  note(job, client[job.method](client, table.unpack(job.arguments, 1, job.arguments.n + 1)))
end

-- Coroutines of a loop that share the jobs.
local function share(jobs, width, spawn, work)
  local position = 0
  for _ = 1, math.min(width, #jobs) do
    spawn(function()
      while position < #jobs do
        position = position + 1
        work(jobs[position])
      end
    end)
  end
end

--- Each is a function(client, jobs, width, late): makes the calls, `width` at
-- a time where that can be; `late()` is called where the program has a turn
-- of its own.
fates.ways = {
  blocking = function(client, jobs)
    for _, job in ipairs(jobs) do
      socket.sleep(job.pause)
      perform(client, job)
    end
  end,

  map = function(client, jobs, width)
    local _, errors = client:map(jobs, function(job)
      perform(client, job)
      return true
    end, { concurrency = width })
    local _, failure = next(errors)
    if failure then error(failure, 0) end
  end,

  submit = function(client, jobs, width, late)
    local calls, position, limit = {}, 0, socket.gettime() + GUARD
    repeat
      for i = 1, width do
        local current = calls[i]
        if current and current.call:done() then
          note(current.job, current.call:result())
          calls[i], current = nil, nil
        end
        if not current and position < #jobs then
          position = position + 1
          local job = jobs[position]
          job.started = socket.gettime()
          calls[i] = { job = job,
            call = client:submit(job.method, table.unpack(job.arguments, 1, job.arguments.n + 1)) }
        end
      end
      late()
      client:step(0.02)
      assert(socket.gettime() < limit, "calls never end")
    until not next(calls)
  end,

  luv = function(client, jobs, width)
    local uv = require "luv"
    require("celigo.loop.luv").attach(client)
    share(jobs, width, function(f) coroutine.wrap(f)() end, function(job)
      if job.pause > 0 then
        local thread, timer = coroutine.running(), uv.new_timer()
        timer:start(math.floor(job.pause * 1000), 0, function()
          timer:close()
          assert(coroutine.resume(thread))
        end)
        coroutine.yield()
      end
      perform(client, job)
    end)
    uv.run()
  end,

  cqueues = function(client, jobs, width)
    local cqueues = require "cqueues"
    local controller = cqueues.new()
    require("celigo.loop.cqueues").attach(client)
    share(jobs, width, function(f) controller:wrap(f) end, function(job)
      if job.pause > 0 then cqueues.sleep(job.pause) end
      perform(client, job)
    end)
    assert(controller:loop())
    controller:close()
  end,
}

--- Their names, in order, without those that the system lacks a module for.
fates.way_names = { "blocking", "map", "submit" }
for _, name in ipairs { "luv", "cqueues" } do
  if not missing.module(name) then table.insert(fates.way_names, name) end
end

-- The judge --------------------------------------------------------------

local TICK = 0.01 -- seconds: what clocks and signals between processes may differ by
local LAST = 0.1 -- seconds before a deadline in which a call may lack the time for what it needs

-- Answers after which a write may have been done, or not.
local DOUBTFUL_STATUS = { ["408"] = true, ["500"] = true, ["502"] = true, ["503"] = true, ["504"] = true }
-- Steps that prove that nothing was done, and those of them that libcurl does
-- not tell from the end of a connection which others have used.
local PROVEN = { ok = true, goaway = true, refused = true, h11 = true }
local UNTOLD = { refused = true, h11 = true }

-- The end of a connection, and its fall into silence, that a call can have
-- met: nobody knows then what was read of what was under way. A connection
-- that had ended before the call began could be seen; one that is silent is
-- known as such when the first call on it has met its deadline.
local function met(ends, silenced, job)
  if not ends or ends.from > job.ended + TICK then return false end
  local to = ends.how == "silent" and (silenced or job.ended) or ends.to or job.ended
  return to >= job.started - TICK
end

-- When the first call that met a silent connection was over.
local function find_silenced(jobs, record)
  local by_id, silenced = {}, {}
  for _, job in ipairs(jobs) do by_id[job.id] = job end
  for _, entry in ipairs(record.entries) do
    local job, ends = by_id[entry.id], record.connections[entry.connection].ends
    if job and ends and ends.how == "silent" and entry.time >= ends.from - TICK then
      silenced[entry.connection] = math.min(silenced[entry.connection] or math.huge, job.ended)
    end
  end
  return silenced
end

local function is_shared(entry, record)
  for _, other in ipairs(record.entries) do
    if other ~= entry and other.connection == entry.connection then return true end
  end
  return false
end

-- Whether the client could not know what became of a request that was
-- received.
local function is_doubtful(entry, job, record, options)
  local name = entry.acted
  if UNTOLD[name] and is_shared(entry, record) then return true end
  if not name or not entry.done and not PROVEN[name] then return true end
  if DOUBTFUL_STATUS[name] then return true end
  -- An answer that was not there before the deadline.
  if entry.done and entry.done > job.started + options.timeout - LAST then return true end
  -- Others may end the connection of an answer that is under way.
  local ends = record.connections[entry.connection].ends
  if ends and ends.how ~= "goaway" and not (ends.how == "fin" and entry.done and entry.done <= ends.from) then
    return ends.from <= job.ended + TICK and (ends.to or ends.from) >= entry.time - TICK
  end
  return false
end

local function collect(job, record, options)
  local seen = { received = 0, applied = 0, doubt = false, entries = {}, last = nil, late = false }
  for _, entry in ipairs(record.entries) do
    if entry.id == job.id then
      seen.entries[#seen.entries + 1] = entry
      seen.received = seen.received + 1
      seen.applied = seen.applied + entry.applied
      seen.doubt = seen.doubt or is_doubtful(entry, job, record, options)
      seen.late = seen.late or entry.time > job.started + options.timeout + options.guard
      seen.last = entry
    end
  end
  return seen
end

-- Whether a connection ended, or was silent, while the call was under way.
local function met_an_end(job, record, silenced)
  for _, connection in pairs(record.connections) do
    if met(connection.ends, silenced[connection.number], job) then return true end
  end
  return false
end

local function judge_success(job, kind, seen, fail)
  if not kind.names(job.value, job.id) then fail "the answer is another call's" end
  local response = job.other
  if type(response) ~= "table" then return fail "no response" end
  if kind.write and not kind.repeatable and seen.applied ~= 1 then fail "success, and not applied once" end
  if kind.write and seen.applied == 0 then fail "success, and never applied" end
end

-- Whether an error is one that a repeat would have mended.
local function was_avoidable(job, kind, err, options)
  if err.kind ~= "network" and not (err.kind == "http" and err.retryable) then return false end
  if err.attempts > options.max_retries then return false end
  if job.ended - job.started > options.timeout - LAST then return false end
  return kind.repeatable or not err.maybe_applied
end

local function judge_error(job, kind, seen, end_met, options, fail)
  local err = job.other
  local unknown_status = err.status and DOUBTFUL_STATUS[tostring(err.status)]
  -- Where another server stands between, such a status is its own at times.
  local lost = end_met and seen.received < err.attempts -- an attempt that came nowhere
  local doubt = seen.doubt or lost or options.front and unknown_status
  if err.maybe_applied and not kind.write then fail "a read says maybe_applied" end
  if kind.write and not err.maybe_applied and seen.applied > 0 then fail "applied, and the error denies it" end
  if kind.write and unknown_status and not err.maybe_applied then
    fail "a status that does not tell, and the error does"
  end
  if err.maybe_applied and not doubt then fail "maybe_applied, and the server proved that it was not, or was" end
  if err.kind == "timeout" and seen.last and seen.last.done and not seen.doubt then
    fail "a timeout, and the answer was there"
  end
  if err.kind == "timeout" and seen.received == 0 and not end_met then fail "a timeout, and nothing was sent" end
  if err.kind == "timeout" and job.ended - job.started < options.timeout - TICK then fail "a timeout too early" end
  if was_avoidable(job, kind, err, options) then fail "it failed, and a repeat was due" end
  if kind.repeatable and err.kind == "http" and err.status == 404 then fail "a repeated DELETE says 404" end
  if not ({ http = true, network = true, timeout = true })[err.kind] then fail "an error of a kind without a reason" end
end

local function judge(job, record, silenced, options, fail)
  local kind = kinds[job.kind]
  if not job.ended then return fail "it never ended" end
  local seen = collect(job, record, options)
  job.seen = seen
  if not kind.repeatable and seen.applied > 1 then fail "applied twice" end
  if job.value ~= nil then
    judge_success(job, kind, seen, fail)
  else
    judge_error(job, kind, seen, met_an_end(job, record, silenced), options, fail)
  end
  local attempts = type(job.other) == "table" and job.other.attempts or 0
  if not kind.pages and seen.received > attempts then fail "more was received than there were attempts" end
  if not options.front and attempts > (options.max_retries + 2) * (kind.pages or 1) then fail "too many attempts" end
  if seen.late then fail "received after the deadline" end
  if job.ended - job.started > options.timeout + options.guard then fail "it ended long after its deadline" end
end

local function describe(job, record)
  local lines = { ("%s %s, plan %s"):format(job.kind, job.id, job.plan) }
  if job.value ~= nil then
    lines[#lines + 1] = "  success after " .. tostring(job.other and job.other.attempts) .. " attempts"
  elseif job.other then
    lines[#lines + 1] = ("  %s (kind %s, code %s, attempts %s, maybe_applied %s)"):format(
      tostring(job.other), job.other.kind, job.other.code, job.other.attempts, job.other.maybe_applied)
  end
  if job.ended then lines[#lines + 1] = ("  took %.3f s"):format(job.ended - job.started) end
  for _, entry in ipairs(job.seen and job.seen.entries or {}) do
    local ends = record.connections[entry.connection].ends
    lines[#lines + 1] = ("  received at %.3f by %s on connection %d%s: %s, applied %d, answered %s"):format(
      entry.time - job.started, entry.protocol, entry.connection,
      ends and (" (%s at %.3f)"):format(ends.how, ends.from - job.started) or "",
      entry.step, entry.applied, entry.done and ("at %.3f"):format(entry.done - job.started) or "never")
  end
  return table.concat(lines, "\n")
end

--- What is wrong with calls that are over, by the record: an array of texts,
-- empty where all is well. Options: `timeout` and `max_retries` as the client
-- had them; `guard`: seconds that a busy machine may add; `front`: whether
-- another server stood between.
function fates.judge(jobs, record, options)
  local silenced = find_silenced(jobs, record)
  local faults = {}
  for _, job in ipairs(jobs) do
    local words = {}
    judge(job, record, silenced, options, function(text) words[#words + 1] = text end)
    if words[1] then
      faults[#faults + 1] = table.concat(words, "; ") .. ":\n" .. describe(job, record)
    end
  end
  return faults
end

return fates
