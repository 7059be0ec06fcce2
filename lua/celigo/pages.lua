-- Iterators: records and pages of lists of any length.
--
-- A walk holds at most two page calls: the one that is consumed and the one
-- that is prefetched. What is fast (decoding a record, reading a Link
-- header) is C; this file decides which page is next.

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

-- Scripts hold walks, but not their class: nobody changes that of others.
local class = { __index = Walk, __close = Walk.close, __name = "celigo.walk", __metatable = "celigo.walk" }

-- Notes why the walk ended early. Every other coroutine that goes on with the
-- walk gets that as an error, once. The running one is told by the caller.
function Walk:breaks(why)
  self.broken = why
  self.told = setmetatable({ [coroutine.running()] = true }, { __mode = "k" })
end

-- Ends the walk with an error that tells which page it was, unless all its
-- records have been handed out.
function Walk:fail(err, consumed)
  if not consumed then err.page = self.target end
  self:breaks(err)
  self:close()
  error(err, 0)
end

-- Ends the walk because a record cannot be read: `message` says what is wrong
-- with the text; without one the client is closed.
function Walk:fail_record(message)
  if not self.call then return end -- a finaliser has closed the walk meanwhile
  self:fail(message and core.decode_error(self.call, message) or core.closed_error(self.call))
end

-- Where the next page is, as the headers of the current page say, or else its
-- body. nil where there is none; nil and a message where the link is wrong.
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

-- How many records a walk leaves out because its first target says so.
local function skipped(target)
  return tonumber(target:match "[?&]skip=(%d+)") or 0
end

-- Fails at the end of a list that is shorter than it has told.
function Walk:check_total()
  if self.single or not self.total or self.count >= self.total then return end
  self:fail(core.incomplete_error(self.call, self.count, self.total), true)
end

-- Notes which page comes after the current one. A page with a wrong link fails
-- before any of its records is handed out: the walk can start again there.
function Walk:find_way()
  local target, wrong = self:next_target()
  if wrong and not self.single then self:fail(core.link_error(self.call, wrong)) end
  self.onward = target
end

-- Requests the next page, as soon as it is known which one that is. After a
-- retry the answer may name another page than before.
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

-- The call of the next page, or nil at the end of the list.
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

-- Several coroutines may share a walk, but only one fetches a page at a time:
-- it has the turn. A turn is closed when its coroutine has the page, and also
-- when that coroutine fails or is closed while it waits. In that case the walk
-- ends, too: its page is lost.
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

-- The coroutine that had the turn has been dropped.
function Turn:__gc()
  if self.over then return end
  local client = self.walk.client
  tasks.wake(client, self.taken)
  pcall(core.wake, client)
end

-- What the walk, and the coroutines that wait, know of the turn. Only the
-- coroutine that has the turn refers to it strongly. So when that coroutine is
-- dropped, the turn is collected, and the others see that it is gone.
local Taken = {
  __mode = "v",
  __metatable = "celigo.turn",
  __index = { ready = function(self) return not self.turn or self.turn.over end },
}

-- Waits while another coroutine has the turn. False where none has it; true
-- after a wait: the page that the other one fetched is everybody's.
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

-- The current page is consumed: counts it where it held no record. A server
-- that sends no records and goes on linking is not followed for ever.
function Walk:count_empty()
  if not self.cursor then return end
  self.empty = self.cursor:count() > 0 and 0 or self.empty + 1
  if self.empty >= core.max_empty and self.onward then
    local message = ("%d pages in a row hold no record"):format(self.empty)
    self:fail(core.endless_error(self.call, message))
  end
end

-- Goes to the next page: a cursor over its records, or nil at the end.
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
-- own arguments, the options among them, follow the options.
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

--- Every record of any list endpoint, page after page, one at a time.
-- Raises an error object where a page fails; its `page` is where to go on.
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
