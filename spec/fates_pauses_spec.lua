-- What becomes of calls where somebody pauses: the server ends a connection
-- that waits, falls silent, or answers while the program does something else.

local cases = require "spec.support.fate_cases"
local fate_server = require "spec.support.fate_server"
local fates = require "spec.support.fates"
local missing = require "spec.support.missing"
local socket = require "socket"

local LIMITS = cases.LIMITS
local SHORT = cases.slow and 4 or LIMITS.timeout / 10 -- seconds: of a call that is to meet its deadline

-- Waits until the server has ended every connection that it has been told to.
local function await_ends(server, count)
  local limit = socket.gettime() + LIMITS.guard
  while true do
    local ended = 0
    for _, connection in pairs(server:record().connections) do
      if connection.ends and connection.ends.to then ended = ended + 1 end
    end
    if ended >= count then return end
    assert(socket.gettime() < limit, "the server does not end its connections")
  end
end

local available, why = fate_server.available()

describe("fates", function()
  if not available then
    pending(why)
    return
  end

  local fixture = cases.fixture()
  setup(function() fixture:start() end)
  teardown(function() fixture:stop() end)

  -- The connection is ended while the program does something else, and the
  -- end is there before the next write.
  for mark, ending in pairs { ["~"] = "close_notify and FIN", ["="] = "FIN alone" } do
    local name = "a write after a pause in which the server ended the connection by " .. ending
    fixture:each(it, name, function(server, protocol, way)
      server:reset()
      local client <close> = cases.new_client(server.urls[protocol], server)
      local jobs = {}
      for i = 1, 6 do
        jobs[i] = fates.job("post", "pause-" .. i, "ok" .. mark .. "10")
        fates.ways[way](client, { jobs[i] }, 1, function() end)
        assert(jobs[i].value, jobs[i].other)
        await_ends(server, i)
      end
      cases.check(fates.judge(jobs, server:record(), LIMITS))
    end)
  end

  -- The silence lasts until that call's deadline.
  for _, kind in ipairs { "get", "post" } do
    fixture:each(it, ("a silent connection is not used again (%s)"):format(kind), function(server, protocol, way)
      server:reset()
      local client <close> = cases.new_client(server.urls[protocol], server)
      local jobs = { fates.job(kind, "before"), fates.job(kind, "silent", "silent"), fates.job(kind, "after"),
        fates.job(kind, "later") }
      local arguments = jobs[2].arguments
      arguments[arguments.n + 1].timeout = SHORT
      for _, job in ipairs(jobs) do fates.ways[way](client, { job }, 1, function() end) end
      assert.equal("timeout", jobs[2].other.kind)
      assert(jobs[3].value, jobs[3].other)
      assert(jobs[4].value, jobs[4].other)
    end)
  end

  -- A program that looks late: after its deadline.
  local busy = {}
  local DEADLINE = cases.slow and 4 or LIMITS.timeout / 4

  local function until_answered(step)
    local limit = socket.gettime() + DEADLINE
    repeat step() until fixture.server:record().entries[1] or socket.gettime() > limit
    socket.sleep(DEADLINE)
  end

  function busy.submit(client, job)
    local call = client:submit(job.method, table.unpack(job.arguments, 1, job.arguments.n))
    until_answered(function() client:step(0.005) end)
    return call:wait()
  end

  function busy.luv(client, job)
    local uv = require "luv"
    require("celigo.loop.luv").attach(client)
    local result
    coroutine.wrap(function()
      result = table.pack(client[job.method](client, table.unpack(job.arguments, 1, job.arguments.n)))
    end)()
    until_answered(function() uv.run "once" end)
    uv.run()
    return table.unpack(result)
  end

  function busy.cqueues(client, job)
    local controller = require("cqueues").new()
    require("celigo.loop.cqueues").attach(client)
    local result
    controller:wrap(function()
      result = table.pack(client[job.method](client, table.unpack(job.arguments, 1, job.arguments.n)))
    end)
    until_answered(function() assert(controller:step(0.005)) end)
    assert(controller:loop())
    return table.unpack(result)
  end

  for _, name in ipairs { "luv", "cqueues" } do
    if missing.module(name) then busy[name] = nil end
  end

  for _, case in ipairs { { "http", "post" }, { "https", "post" }, { "http2", "post" }, { "http2", "get" } } do
    local protocol, kind = table.unpack(case)
    for way, f in pairs(cases.slow and { submit = busy.submit } or busy) do
      it(("an answer that came in time counts, however late the program looks (%s): %s, %s"):format(
        kind, way, protocol), function()
        fixture:with(function(server)
          local value, other, started, entry
          for _ = 1, 5 do -- a busy machine's answer may come late indeed
            server:reset()
            local client <close> = cases.new_client(server.urls[protocol], server, { timeout = DEADLINE })
            started = socket.gettime()
            value, other = f(client, fates.job(kind, "late", "ok@50"))
            entry = server:record().entries[1]
            if entry and entry.done and entry.done < started + DEADLINE * 0.8 then break end
          end
          assert(value, other)
          assert.equal(1, #server:record().entries)
        end)
      end)
    end
  end
end)
