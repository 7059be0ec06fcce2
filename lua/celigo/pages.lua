-- Iterators: records and pages of lists of any length.
--
-- A walk has two page calls at most: the page that is being read, and the next
-- one, which is prefetched. What must be fast (decoding a record, reading a
-- Link header) is in C; this file decides which page is next.

local core = require "celigo.core"
core.hide_file()
local tasks = require "celigo.tasks"

local Walk = {}

-- Frees the current page and ends the requests that are under way.
function Walk:close()
  self.done = true
  if self.cursor then self.cursor:close() end
  if self.call then self.call:cancel() end
  if self.prefetched then self.prefetched:cancel() end
  self.cursor, self.call, self.prefetched = nil, nil, nil
end

-- The metatable is closed: a script must not change the walks of other scripts.
local class = { __index = Walk, __close = Walk.close, __name = "celigo.walk", __metatable = "celigo.walk" }

-- Notes why the walk has ended early. Each other coroutine that uses the walk
-- gets this as an error, once. (The caller raises it in the running one.)
function Walk:breaks(why)
  self.broken = why
  self.told = setmetatable({ [coroutine.running()] = true }, { __mode = "k" })
end

-- Ends the walk with an error. `err.page` is the current page, unless all its
-- records were handed out.
function Walk:fail(err, consumed)
  if not consumed then err.page = self.target end
  self:breaks(err)
  self:close()
  error(err, 0)
end

-- Ends the walk because a record cannot be read. `message` says what is wrong
-- with the text; if it is nil, the client was closed.
function Walk:fail_record(message)
  if not self.call then return end -- a finaliser has closed the walk meanwhile
  self:fail(message and core.decode_error(self.call, message) or core.closed_error(self.call))
end

-- The target of the next page, from the current page's headers, or else from
-- its body; nil if there is none; nil and a message if the link is wrong.
function Walk:next_target()
  local target, wrong = core.next_target(self.call)
  if not target and not wrong and self.reference then
    target, wrong = core.resolve(self.call, self.reference)
  end
  if target and core.was_visited(self.visited, target) then
    wrong = "its next link leads to a page that was visited already"
  end
  if wrong then return nil, wrong end
  return target
end

-- How many records the first target leaves out (skip=N in its query).
local function skipped(target)
  return tonumber(target:match "[?&]skip=(%d+)") or 0
end

-- At the end of a list: fails if the list was shorter than its totalCount.
function Walk:check_total()
  if self.single or not self.total or self.count >= self.total then return end
  self:fail(core.incomplete_error(self.call, self.count, self.total), true)
end

-- Notes which page comes after the current one. If the link is wrong, the walk
-- fails before any record of this page is handed out, so that it can start
-- again with this page.
function Walk:find_way()
  local target, wrong = self:next_target()
  if wrong and not self.single then self:fail(core.link_error(self.call, wrong)) end
  self.onward = target
end

-- Requests the next page as soon as its target is known. After a retry the
-- answer may name another page than before.
function Walk:prefetch_page(target)
  if not self.prefetch then return end
  if self.prefetched then
    if core.target(self.prefetched) == target then return end
    self.prefetched:cancel()
    self.prefetched = nil
  end
  if not target then return end
  self.prefetched = core.follow(self.call, target)
  core.prefetch(self.prefetched)
end

-- Waits for the current page, and prefetches the next one meanwhile.
function Walk:receive()
  local state, err = core.await(self.call)
  if state == "head" then
    self:prefetch_page((self:next_target()))
    state, err = core.await(self.call)
  end
  if not state then self:fail(err, err.code == "invalid_id") end -- no page to go on from
end

-- The started call of the next page, or nil at the end of the list.
function Walk:next_call()
  local call = self.first
  self.first = nil
  if not call then
    local target = self.onward
    if self.single or not target then return nil end
    call, self.prefetched = self.prefetched, nil
    if call and core.target(call) == target then return call end
    if call then call:cancel() end
    call = core.follow(self.call, target)
  end
  core.start(call)
  return call
end

-- Several coroutines may share a walk, but only one of them at a time fetches
-- the next page: it has the turn. The turn is a local variable of that
-- coroutine (a <close> one). So it ends when the page is there, and also when
-- the coroutine fails or is closed while it waits. Then the page is lost, so
-- the walk ends as well.
local Turn = { __metatable = "celigo.turn" }

local LEFT = "the iterator was left halfway: the coroutine in which it waited for a page has ended"

function Turn:__close()
  local walk = self.walk
  self.over = true
  walk.taken = nil
  tasks.wake(walk.client, self.taken)
  if self.good then return end
  if not self.ended and not walk.done then walk:breaks(LEFT) end
  walk:close()
end

-- Ends the walk because the coroutine that had the turn was collected.
function Turn:__gc()
  if self.over then return end
  local client = self.walk.client
  tasks.wake(client, self.taken)
  pcall(core.wake, client)
end

-- A weak reference to the turn, for the walk and for coroutines that wait. Only
-- the coroutine that has the turn refers to it strongly. So when that coroutine
-- is dropped, the turn is collected, and the others find that it is gone.
local Taken = {
  __mode = "v",
  __metatable = "celigo.turn",
  __index = { ready = function(self) return not self.turn or self.turn.over end },
}

-- Waits while another coroutine has the turn. Returns false if none has it;
-- true after waiting: the other one has fetched a page, for everybody.
function Walk:await_turn()
  local taken = self.taken
  if not taken then return false end
  if not taken.turn then
    self.taken = nil
    self:breaks(LEFT)
    self:close()
    error(LEFT, 0)
  end
  if not (coroutine.isyieldable() and tasks.scheduler_of(self.client):park(taken)) then
    error("the iterator is waiting for a page already, in another coroutine or around this callback", 0)
  end
  return true
end

-- Counts pages without a record, when one has been read. A server that sends no
-- records, but always a next link, is not followed without end.
function Walk:count_empty()
  if not self.cursor then return end
  self.empty = self.cursor:count() > 0 and 0 or self.empty + 1
  if self.empty >= core.max_empty and self.onward then
    local message = ("%d pages in a row hold no record"):format(self.empty)
    self:fail(core.endless_error(self.call, message))
  end
end

-- Goes to the next page. Returns a cursor over its records, or nil at the end.
function Walk:advance()
  while self:await_turn() do
    if self.cursor and not self.cursor:ended() then return self.cursor end
  end
  if self.done then
    local thread = coroutine.running()
    if not self.broken or self.told[thread] then return nil end
    self.told[thread] = true
    error(self.broken, 0)
  end
  local turn <close> = setmetatable({ walk = self }, Turn)
  local taken = setmetatable({ turn = turn }, Taken)
  self.taken, turn.taken = taken, taken
  self:count_empty()
  local before = self.cursor
  if before then self.count = self.count + before:count() end
  if before then before:close(self.onward and not self.single) end -- its text goes before more comes
  local call, last = self:next_call(), self.call
  if call then
    self.call, self.target, self.reference = call, core.target(call), nil
    if last then core.drop(last) end -- gives its memory back now
    core.visit(self.visited, self.target)
    self:receive()
    local cursor, found, total = core.cursor(call)
    if not cursor then self:fail(found) end
    self.cursor, self.reference = cursor, found
    self.count = self.count or skipped(self.target)
    if total and total > 0 then self.total = total end
    self:find_way()
    if before and not self.onward then before:close() end -- no page needs its memory
    self:prefetch_page(self.onward)
    turn.good = true
  else
    turn.ended, self.cursor = true, nil
    self:check_total()
  end
  return self.cursor
end

-- Makes a walk; wrong arguments raise with the user's position. The method's
-- arguments, with the options again, follow `options`.
local function new_walk(client, what, name, options, ...)
  local good, call = pcall(core.fetch, client, what, name, ...)
  if not good then error(call, call == "not enough memory" and 0 or 3) end
  options = options or {}
  local single = options.follow == false
  return setmetatable({
    client = client,
    first = call,
    prefetch = options.prefetch ~= false and not single,
    single = single, -- no page but the first
    visited = core.visited(),
    empty = 0, -- pages without a record, in a row
  }, class)
end

local function records(walk)
  return core.records(Walk.advance, walk, Walk.fail_record), nil, nil, walk
end

local methods = core.methods

--- @classmod celigo.client

--- Iterators
-- @section iterators

--- Every record of any list endpoint, page after page, one at a time. Raises an
-- error object if a page fails; its `page` is where to go on.
-- @function each
-- @tparam table request `path`, and the per-call options; `prefetch = false`
--   asks for a page only when the one before is consumed
-- @return for a generic `for`: each record
-- @usage
-- for connector in client:each { path = "/v1/connectors" } do
--   print(connector.name)
-- end
function methods.each(client, request, ...)
  return records(new_walk(client, "each", nil, request, request, ...))
end

--- Every page of any list endpoint.
-- @function pages
-- @tparam table request as for `each`
-- @return for a generic `for`: an array of records, and the response
-- @usage
-- for page, response in client:pages { path = "/v1/connectors" } do
--   print(#page, response.next_url)
-- end
function methods.pages(client, request, ...)
  local walk = new_walk(client, "pages", nil, request, request, ...)
  local function next_page()
    local cursor = walk:advance()
    if not cursor then return nil end
    local response = core.response(walk.call, walk.onward)
    local page, message = cursor:rest()
    if not page then walk:fail_record(message) end
    return page, response
  end
  return next_page, nil, nil, walk
end

--- Every connector of the account.
-- @function each_connector
-- @tparam[opt] table options the per-call options and `prefetch`
-- @return for a generic `for`: each connector
-- @usage
-- for connector in client:each_connector { limit = 100 } do
--   print(connector._id, connector.name)
-- end
function methods.each_connector(client, options, ...)
  return records(new_walk(client, "each_connector", "list_connectors", options, options, ...))
end

--- Every license of a connector.
-- @function each_connector_license
-- @tparam string id the connector's
-- @tparam[opt] table options the per-call options and `prefetch`
-- @return for a generic `for`: each license
-- @usage
-- for license in client:each_connector_license(id) do
--   print(license._id, license.expires or license.trialEndDate)
-- end
function methods.each_connector_license(client, id, options, ...)
  return records(new_walk(client, "each_connector_license", "list_connector_licenses", options, id, options, ...))
end

--- Every installation of a connector.
-- @function each_connector_install
-- @tparam string id the connector's
-- @tparam[opt] table options the per-call options and `prefetch`
-- @return for a generic `for`: each installation
-- @usage
-- for install in client:each_connector_install(id) do
--   print(install._integrationId)
-- end
function methods.each_connector_install(client, id, options, ...)
  return records(new_walk(client, "each_connector_install", "get_connector_install_base", options, id, options, ...))
end
