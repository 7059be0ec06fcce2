-- Many calls at once: map and gather.
--
-- Workers are coroutines. When a worker makes a call, the worker is suspended
-- here until the call is ready to go on. The map or gather that waits outside
-- steps the client, and resumes the workers whose calls are ready. The core
-- says which these are (core.woken), so there is no search. Other coroutines
-- are never suspended here: their calls block, or an attached event loop
-- suspends them.
--
-- Only the map or gather refers to its workers. When its coroutine is dropped,
-- the workers are collected with it, and their calls end.

local base = require "celigo.base"
local core = require "celigo.core"
local new_queue = require "celigo.queue"
core.hide_file()

local TURN = 0.2 -- seconds that a turn may wait for the network

-- The scheduler of one client. `loop` is its event loop, if one is attached;
-- see celigo.loop.
local Scheduler = {}
local SCHEDULER = { __index = Scheduler, __metatable = "celigo.scheduler" }

local schedulers = setmetatable({}, { __mode = "k" })

-- Maps each worker, of any client, to its group.
local workers = setmetatable({}, { __mode = "k" })

-- The worker that was resumed last, of any client.
local resumed

-- Whether the running coroutine was resumed by the function of a worker. What
-- it yields would go to that function.
local function inside_worker()
  return resumed ~= nil and coroutine.status(resumed) == "normal"
end

-- A worker that waits. Its references are weak: they do not keep worker or
-- group alive.
local Parked = { __mode = "v", __metatable = "celigo.parked" }

-- Suspends the running worker until something that has a method `ready` is
-- ready. False if this thread has to block.
function Scheduler:park(waited)
  local thread = coroutine.running()
  local group = workers[thread]
  if not group then return self.loop ~= nil and not inside_worker() and self.loop:park(waited, self) end
  if group.scheduler ~= self then return false end -- another client's worker
  group.waits[thread] = waited
  self:note(waited, setmetatable({ thread = thread, group = group }, Parked))
  coroutine.yield(self)
  return true
end

-- Notes that somebody waits for a call, or for something else with a method
-- `ready` (then `wake` is called when it is ready).
function Scheduler:note(waited, entry)
  local entries = self.waiting[waited]
  if entries then
    entries[#entries + 1] = entry
  else
    self.waiting[waited] = { entry }
  end
  if type(waited) == "userdata" then
    core.watch(waited)
  elseif waited:ready() then
    self:wake(waited)
  end
end

-- All who wait for `waited` can go on.
function Scheduler:wake(waited)
  local entries = self.waiting[waited]
  if not entries then return end
  self.waiting[waited] = nil
  for i = 1, #entries do
    local entry = entries[i]
    local side = entry.loop or self
    side.woken:put(entry)
  end
end

-- Wakes all who wait for calls that have become ready.
function Scheduler:look(client)
  local call, strays = core.woken(client)
  while call do
    self:wake(call)
    call, strays = core.woken(client)
  end
  if strays and self.loop then self.loop:forget() end
end

-- Runs a worker until it waits again. If the user's function has yielded, the
-- worker is replaced.
function Scheduler:run(thread, group)
  local outer = resumed
  repeat
    group.waits[thread] = nil
    resumed = thread
    local good, yielded = coroutine.resume(thread)
    resumed = outer
    if not good then error(yielded, 0) end -- a worker catches what its function raises
    local stray = yielded ~= self and coroutine.status(thread) == "suspended"
    if stray then thread = group:replace(thread) end
  until not stray
end

-- Resumes each worker that can go on; false if there was none.
function Scheduler:resume_ready(client)
  self:look(client)
  local woken = self.woken
  local last = woken.last
  local entry = woken:take(last)
  if not entry then return false end
  while entry do
    local thread, group = entry.thread, entry.group
    -- its group may have ended just now
    if group and group.threads[thread] and coroutine.status(thread) == "suspended" then self:run(thread, group) end
    entry = woken:take(last)
  end
  return true
end

local function scheduler_of(client)
  local scheduler = schedulers[client]
  if not scheduler then
    scheduler = setmetatable({
      waiting = setmetatable({}, { __mode = "k" }), -- what is waited for: to those who wait
      woken = new_queue(), -- workers
    }, SCHEDULER)
    schedulers[client] = scheduler
    core.set_yield(client, function(call)
      return scheduler:park(call)
    end)
  end
  return scheduler
end

-- The workers of one map or gather.
local Group = {}
local GROUP = { __index = Group, __metatable = "celigo.group" }

function Group:ready()
  return self.running == 0 or (self.on_progress ~= nil and self.reported < self.done)
end

-- An item is done: on_progress may have to be called.
function Group:count()
  self.done = self.done + 1
  if self:ready() then self.scheduler:wake(self) end
end

-- Runs the function for one item, and keeps its value or its error. Lack of
-- memory and errors of a debug hook (Ctrl-C, a host's time limit) are not the
-- item's: they end the group.
function Group:work(i, f, ...)
  core.forget_interrupt()
  local good, value, err = xpcall(f, core.note_interrupt, ...)
  if not good then
    if value == "not enough memory" or core.is_interrupt(value) then error(value, 0) end
    self.errors[i] = value == nil and "error object is nil" or value
  elseif value == nil and err ~= nil then
    self.errors[i] = err
  else
    self.results[i] = value
  end
  self:count()
end

-- Makes a worker, which takes items until there are none. It is not started
-- yet.
function Group:new_worker(take)
  local worker = { take = take }
  local thread = coroutine.create(function()
    local i, f, item = take()
    while i do
      worker.item = i
      self:work(i, f, item)
      if self.on_progress then self.scheduler:park(self.told) end
      i, f, item = take()
    end
    self.threads[worker.thread] = nil
    self.running = self.running - 1
    if self.running == 0 then self.scheduler:wake(self) end
  end)
  worker.thread = thread
  workers[thread] = self
  self.threads[thread] = worker
  self.running = self.running + 1
  return thread
end

function Group:spawn(take)
  self.scheduler:run(self:new_worker(take), self)
  self:report()
end

-- The user's function has yielded, and nobody would ever resume it. Its item
-- fails, and a new worker takes the next item.
function Group:replace(thread)
  local worker = self.threads[thread]
  coroutine.close(thread)
  self.threads[thread] = nil
  self.running = self.running - 1
  self.errors[worker.item] = "the function yielded by itself; a call of the client gives way on its own"
  self:count()
  return self:new_worker(worker.take)
end

-- Calls on_progress for each item that was done since the last time.
function Group:report()
  while self.on_progress and self.reported < self.done do
    self.reported = self.reported + 1
    self.on_progress(self.reported, self.total)
  end
  self.scheduler:wake(self.told)
end

-- Waits for every worker.
function Group:wait(client)
  self:report()
  while self.running > 0 do
    if not self:ready() and not self.scheduler:park(self) then
      if not self.scheduler:resume_ready(client) then core.turn(client, TURN) end
    end
    self:report()
  end
end

-- Ends the workers that are left, if an error has ended the map or gather.
function GROUP:__close()
  if self.running == 0 then return end
  self.running = 0
  for thread in pairs(self.threads) do
    self.threads[thread] = nil
    local waited = self.waits[thread]
    if type(waited) == "userdata" then core.drop(waited) end
    if coroutine.status(thread) ~= "normal" then coroutine.close(thread) end
  end
end

local function new_group(client, total, on_progress)
  local group = setmetatable({
    scheduler = scheduler_of(client),
    threads = {}, -- of the workers that are left: to what each is at
    waits = {}, -- of those that are parked: to what each waits for
    results = {},
    errors = {},
    running = 0,
    done = 0,
    reported = 0,
    total = total,
    on_progress = on_progress,
  }, GROUP)
  -- what a worker waits for before its next item: that on_progress was called
  -- for the last one
  group.told = {
    ready = function()
      return group.reported == group.done
    end,
  }
  return group
end

local methods = core.methods
local DEFAULT_CONCURRENCY = 8
local MAP_TAKES = "map(items, f[, options])"

-- The options of map, as the option checker takes them.
local OPTIONS = { { "concurrency", "integer", false, 1, 1e9 }, { "on_progress", "function" } }

-- Calls a check of the core; what it raises is raised with the user's position.
local function check(f, ...)
  local good, wrong = pcall(f, ...)
  if not good then error(wrong, wrong == "not enough memory" and 0 or 3) end
end

-- Says what is wrong with a function that the user has given, or returns nil.
-- It must not be a method: that would be called without its client.
local function not_a_function(f, arguments, takes)
  if type(f) ~= "function" then return ("expected a function, got a %s; it takes %s"):format(type(f), takes) end
  for name, method in pairs(methods) do
    if f == method then
      return ("expected a function, got the method %s, which would miss its client: function(%s) return client:%s(%s) "
        .. "end"):format(name, arguments, name, arguments)
    end
  end
  return nil
end

local function check_items(items)
  if type(items) ~= "table" then
    local order = type(items) == "function" and "; the array comes first:" or "; it takes"
    error(("map: items: expected an array, got a %s%s %s"):format(type(items), order, MAP_TAKES), 3)
  end
  local key = next(items)
  if #items == 0 and key ~= nil then
    error(("map: items: expected an array, got a table without one (it has the key %s); results would have no "
      .. "positions: make an array of its keys or values"):format(tostring(key)), 3)
  end
  local mt = getmetatable(items)
  if #items == 0 and type(mt) == "table" and (rawget(mt, "__index") or rawget(mt, "__pairs")) then
    error("map: items: expected an array, got an empty table whose metatable has __index or __pairs; copy what it "
      .. "stands for", 3)
  end
end

--- @classmod celigo.client

--- Many at once
-- @section many

--- Calls a function for each item, several at a time: a call in it gives way
-- to the others while it waits.
-- @function map
-- @tparam table items an array; a table of names only raises
-- @tparam function f called with an item; its first value is the result
-- @tparam[opt] table options `concurrency` (how many at a time, default 8),
--   `on_progress` (called with how many are done, and of how many); an error
--   that it raises cancels the rest
-- @treturn table results: the first value for each item, by position
-- @treturn table errors: for each item for which `f` raised or returned nil
--   and an error, by position; empty when all went well
-- @usage
-- local licenses, errors = client:map(ids, function(id)
--   return client:list_connector_licenses(id)
-- end, { concurrency = 16 })
-- for i, list in pairs(licenses) do print(ids[i], #list) end
-- for i, err in pairs(errors) do print(ids[i], err) end
function methods.map(client, items, f, given, ...)
  check(core.check_client, client, "map")
  check_items(items)
  local wrong = not_a_function(f, "item", MAP_TAKES)
  if wrong then error("map: " .. wrong, 2) end
  if given ~= nil and type(given) ~= "table" then
    error(("map: expected a table of options such as { concurrency = 16 }, got a %s; it takes %s"):format(
      type(given), MAP_TAKES), 2)
  end
  check(base.check_options, OPTIONS, given, "map")
  for i = 1, select("#", ...) do
    if select(i, ...) ~= nil then error("map: too many arguments; it takes " .. MAP_TAKES, 2) end
  end
  local opts = given or {}
  local total = #items
  local group <close> = new_group(client, total, opts.on_progress)
  local last = 0
  local function take()
    if last >= total then return nil end
    last = last + 1
    return last, f, items[last]
  end
  for _ = 1, math.min(total, opts.concurrency or DEFAULT_CONCURRENCY) do group:spawn(take) end
  group:wait(client)
  return group.results, group.errors
end

--- Calls several functions at the same time.
-- @function gather
-- @tparam function ... functions without arguments
-- @return the first value of each, then a table of errors by position, or nil
-- @usage
-- local connector, licenses, errors = client:gather(
--   function() return client:get_connector_by_id(id) end,
--   function() return client:list_connector_licenses(id) end)
-- assert(not errors)
-- print(connector.name, #licenses)
function methods.gather(client, ...)
  local functions = table.pack(...)
  check(core.check_client, client, "gather")
  for i = 1, functions.n do
    local wrong = not_a_function(functions[i], "", "gather(function() ... end, ...)")
    if wrong then error(("gather: argument %d: %s"):format(i, wrong), 2) end
  end
  local group <close> = new_group(client, functions.n)
  for i = 1, functions.n do
    local taken = false
    group:spawn(function()
      if taken then return nil end
      taken = true
      return i, functions[i]
    end)
  end
  group:wait(client)
  local results = group.results
  results[functions.n + 1] = next(group.errors) ~= nil and group.errors or nil
  return table.unpack(results, 1, functions.n + 1)
end

-- All who wait for this, which is not a call, can go on.
local function wake(client, waited)
  local scheduler = schedulers[client]
  if scheduler then scheduler:wake(waited) end
end

return { scheduler_of = scheduler_of, wake = wake, not_a_function = not_a_function }
