-- One suite of cases, run by every way of waiting: blocking, in luv, in
-- cqueues, by the adapters of examples/loops, and by the one that
-- docs/event-loops.md prints. What is judged
-- is the results and the servers' own record.
--
-- No time is measured. A call that nobody sends, or that nobody is woken
-- for, shows as an error of kind `timeout`: nothing else takes so long.

local fault = require "spec.support.fault_server"
local page_server = require "spec.support.page_server"
local process = require "spec.support.process"
local ways = require "spec.support.ways"

local TIMEOUT = 4 -- seconds; what stalls is late after that

-- The targets of a server's record, sorted where the order is open.
local function targets_of(requests, sorted)
  local targets = {}
  for i, request in ipairs(requests) do targets[i] = request.target or request end
  if sorted then table.sort(targets) end
  return targets
end

-- Steps of the fault server: pages of a list of one record each.
local function pages_of_a_list(count)
  local steps = {}
  for i = 1, count do
    local link = i < count and { Link = ('</v1/connectors?page=%d>; rel="next"'):format(i + 1) } or nil
    steps[i] = { body = ('[{"_id":"%d"}]'):format(i), headers = link }
  end
  return steps
end

local THREE_PAGES = { "/v1/connectors", "/v1/connectors?page=2", "/v1/connectors?page=3" }

local function ids_of(list)
  local ids = {}
  for i, record in ipairs(list) do ids[i] = record._id end
  return table.concat(ids, " ")
end

for _, way in ipairs(ways) do
  describe("calls, " .. way.name .. ":", function()
    if way.lacking then
      it("run", function() pending(way.lacking) end)
      return
    end

    local faulty, pages

    setup(function()
      faulty = fault.start()
      pages = page_server.start()
    end)
    teardown(function()
      faulty:stop()
      pages:stop()
    end)
    before_each(function() pages:reset() end)

    local function new_client(server, options)
      return way.attach(ways.plain_client(server, { timeout = TIMEOUT, retry_base = 0 }, options))
    end

    it("a list of several pages", function()
      faulty:script(pages_of_a_list(3))
      local client <close> = new_client(faulty)
      way.run(client, function()
        assert.equal("1 2 3", ids_of(assert(client:list_connectors())))
      end)
      assert.same(THREE_PAGES, targets_of(faulty:requests()))
    end)

    it("an iterator over several pages, prefetched or not", function()
      for _, prefetch in ipairs { true, false } do
        faulty:script(pages_of_a_list(3))
        local client <close> = new_client(faulty)
        way.run(client, function()
          local list = {}
          for connector in client:each_connector { prefetch = prefetch } do list[#list + 1] = connector end
          assert.equal("1 2 3", ids_of(list))
        end)
        assert.same(THREE_PAGES, targets_of(faulty:requests()))
      end
    end)

    it("iterators side by side, with other calls in their bodies", function()
      local client <close> = new_client(pages)
      local function walk()
        local sum, count = 0, 0
        for record in client:each { path = "/list?pages=5&size=3" } do
          sum, count = sum + record.n, count + 1
          if count % 4 == 0 then assert.equal("/echo", assert(client:request { path = "/echo" }).target) end
        end
        assert.equal(15, count)
        assert.equal(120, sum)
      end
      way.run(client, walk, walk, walk)
      local _, lists = table.concat(pages:state().targets, "\n"):gsub("/list", "")
      assert.equal(15, lists)
    end)

    it("whole pages", function()
      local client <close> = new_client(pages)
      way.run(client, function()
        local seen = 0
        for page, response in client:pages { path = "/list?pages=3" } do
          seen = seen + 1
          assert.equal(2, #page)
          assert.equal(seen < 3, response.next_url ~= nil)
        end
        assert.equal(3, seen)
      end)
      assert.equal(3, #pages:state().targets)
    end)

    it("an iterator that is left early, and a call after it", function()
      local client <close> = new_client(pages)
      way.run(client, function()
        for record in client:each { path = "/list?pages=9&stall=2" } do
          if record.n == 2 then break end
        end
        assert(client:request { path = "/echo" })
      end)
    end)

    it("a call after the other", function()
      local client <close> = new_client(pages)
      way.run(client, function()
        for i = 1, 100 do
          local target = "/echo?i=" .. i
          assert.equal(target, assert(client:request { path = target }).target)
        end
      end)
      assert.equal(100, #pages:state().targets)
    end)

    it("more calls at once than there are connections", function()
      local client <close> = new_client(pages, { max_connections = 1 })
      local functions = {}
      for i = 1, 8 do
        functions[i] = function()
          for j = 1, 5 do assert(client:request { path = ("/echo?i=%d&j=%d"):format(i, j) }) end
        end
      end
      way.run(client, table.unpack(functions))
      local seen = pages:state()
      assert.equal(40, #seen.targets)
      assert.equal(1, seen.peak)
    end)

    it("lists in several functions, with more calls than connections", function()
      local busy = { status = 503, body = "{}" }
      local client <close> = new_client(pages, { max_connections = 2 })
      local function lists()
        local results, errors = client:map({ 1, 2, 3, 4, 5, 6 }, function(n)
          local count = 0
          for _ in client:each { path = "/list?pages=3&of=" .. n } do count = count + 1 end
          return count
        end, { concurrency = 6 })
        assert.same({}, errors)
        assert.same({ 6, 6, 6, 6, 6, 6 }, results)
      end
      way.run(client, lists, lists, lists)
      assert.is_true(pages:state().peak <= 2)

      faulty:script { busy, busy, busy, busy, { body = "[]" } }
      local other <close> = new_client(faulty, { max_connections = 1 })
      local function list() assert.same({}, (assert(other:list_connectors()))) end
      way.run(other, list, list, list, list, list)
      assert.equal(9, #faulty:requests())
    end)

    it("a call that waits for the connection of one that is cancelled", function()
      local client <close> = new_client(pages, { max_connections = 1 })
      way.run(client, function()
        local stalled = client:submit("request", { path = "/list?stall=1" })
        client:step(0.05)
        local waits = client:submit("request", { path = "/echo" })
        stalled:cancel()
        assert.equal("/echo", assert(waits:wait()).target)
      end)
    end)

    it("a 401 and a renewed token", function()
      faulty:script { { status = 401, body = '{"message":"Unauthorized"}' }, { body = "[]" }, { body = "{}" } }
      local asked = 0
      local client <close> = new_client(faulty, {
        token = function()
          asked = asked + 1
          return "token-" .. asked
        end,
      })
      way.run(client, function()
        assert.same({}, client:list_connectors())
        assert(client:get_connector_by_id "1")
      end)
      local sent = {}
      for i, request in ipairs(faulty:requests()) do sent[i] = request.headers.authorization end
      assert.same({ "Bearer token-1", "Bearer token-2", "Bearer token-2" }, sent)
    end)

    it("a 401 in the middle of a list, for several who wait", function()
      local page = { body = '[{"_id":"1"}]', headers = { Link = '</v1/connectors?page=2>; rel="next"' } }
      faulty:script { page, { status = 401, body = "{}" }, { body = '[{"_id":"2"}]' } }
      local asked = 0
      local client <close> = new_client(faulty, {
        token = function()
          asked = asked + 1
          return "token-" .. asked
        end,
      })
      way.run(client, function() assert.equal("1 2", ids_of(assert(client:list_connectors()))) end)
      assert.equal(2, asked)
      assert.equal(3, #faulty:requests())
    end)

    it("a repeat after a kept connection was found dead", function()
      for _, death in ipairs { "closed_at_first_bytes", "closed_without_a_byte", "reset_without_a_byte" } do
        faulty:script { { body = "{}" }, fault.scenarios[death], { body = "[]" } }
        local client <close> = new_client(faulty)
        way.run(client, function()
          assert(client:get_connector_by_id "warm")
          assert.same({}, (assert(client:list_connectors())))
        end)
        assert.equal(3, #faulty:requests(), death)
      end
    end)

    it("retries without a pause", function()
      local busy = { status = 503, body = "{}" }
      faulty:script { busy, busy, { body = "[]" }, busy, { body = "true" }, busy, { body = "{}" } }
      local client <close> = new_client(faulty)
      way.run(client, function()
        local list, response = client:list_connectors()
        assert.same({}, list)
        assert.equal(3, response.attempts)
        assert.is_true(client:delete_connector "1")
        assert(client:get_connector_by_id "1")
      end)
      assert.equal(7, #faulty:requests())
    end)

    it("a retry in the middle of an iterator", function()
      local steps = pages_of_a_list(3)
      table.insert(steps, 2, { status = 503, body = "{}" })
      table.insert(steps, 4, { ending = "reset", raw = "" })
      faulty:script(steps)
      local client <close> = new_client(faulty)
      way.run(client, function()
        local list = {}
        for connector in client:each_connector() do list[#list + 1] = connector end
        assert.equal("1 2 3", ids_of(list))
      end)
      assert.equal(5, #faulty:requests())
    end)

    it("a read and a write", function()
      faulty:script { { body = '{"_id":"1","name":"a"}' }, { body = '{"_id":"1","name":"b"}' } }
      local client <close> = new_client(faulty)
      way.run(client, function()
        local written = client:edit_connector("1", function(connector) connector.name = "b" end)
        assert.equal("b", written.name)
      end)
      local seen = faulty:requests()
      assert.same({ "GET", "PUT" }, { seen[1].method, seen[2].method })
    end)

    it("map over items that need no call, one, and many", function()
      local client <close> = new_client(pages)
      way.run(client, function()
        local told = {}
        local results, errors = client:map({ 1, 7, 0, 3, 0, 2, 5 }, function(n)
          local sum = 0
          for i = 1, n do
            assert(client:request { path = ("/echo?n=%d&i=%d"):format(n, i) })
            sum = sum + #assert(client:request { path = "/list?pages=1" })
          end
          return sum
        end, { concurrency = 3, on_progress = function(done, total) told[#told + 1] = done .. "/" .. total end })
        assert.same({}, errors)
        assert.same({ 2, 14, 0, 6, 0, 4, 10 }, results)
        assert.same({ "1/7", "2/7", "3/7", "4/7", "5/7", "6/7", "7/7" }, told)
      end)
      assert.equal(36, #pages:state().targets)
    end)

    it("map in functions of map, and two at once", function()
      local client <close> = new_client(pages)
      local function outer()
        local results, errors = client:map({ 1, 2, 3 }, function(n)
          local inner = client:map({ 1, 2 }, function(m)
            return assert(client:request { path = ("/echo?%d-%d"):format(n, m) }).target
          end)
          return table.concat(inner, " ")
        end)
        assert.same({}, errors)
        assert.equal("/echo?2-1 /echo?2-2", results[2])
      end
      way.run(client, outer, outer)
      assert.equal(12, #pages:state().targets)
    end)

    it("gather, of a list, an iterator and a call", function()
      local client <close> = new_client(pages)
      way.run(client, function()
        local page, count, echo, errors = client:gather(
          function() return client:request { path = "/list" } end,
          function()
            local n = 0
            for _ in client:each { path = "/list?pages=4" } do n = n + 1 end
            return n
          end,
          function() return client:request { path = "/echo" } end)
        assert.equal(2, #page)
        assert.equal(8, count)
        assert.equal("/echo", echo.target)
        assert.is_nil(errors)
      end)
    end)

    it("lists, retries and renewed tokens in map and gather", function()
      local busy, refused = { status = 503, body = "{}" }, { status = 401, body = "{}" }
      for _, hurdle in ipairs { busy, refused, fault.scenarios.closed_without_a_byte } do
        for _, name in ipairs { "map", "gather" } do
          local steps = pages_of_a_list(3)
          table.insert(steps, 2, hurdle)
          faulty:script(steps)
          local client <close> = new_client(faulty, { token = function() return "t" end })
          local function list() return client:list_connectors() end
          way.run(client, function()
            local found
            if name == "map" then
              local results, errors = client:map({ 1 }, list)
              assert.same({}, errors)
              found = results[1]
            else
              found = assert(client:gather(list))
            end
            assert.equal("1 2 3", ids_of(found))
          end)
          assert.equal(4, #faulty:requests())
        end
      end
    end)

    it("gather is one request beside the other", function()
      local client <close> = new_client(pages)
      local function meet() return client:request { path = "/meet?n=3" } end
      way.run(client, function()
        local a, b, c, errors = client:gather(meet, meet, meet)
        assert.is_true(a.met and b.met and c.met)
        assert.is_nil(errors)
      end)
      assert.equal(3, pages:state().busiest)
    end)

    it("submitted calls, waited for in any order", function()
      faulty:script(pages_of_a_list(3))
      local client <close> = new_client(faulty)
      local other <close> = new_client(pages)
      way.run(client, function()
        local list = client:submit "list_connectors"
        local echo = other:submit("request", { path = "/echo" })
        assert.equal("1 2 3", ids_of(assert(list:wait())))
        assert.equal("/echo", assert(echo:wait()).target)
        assert.equal("1 2 3", ids_of(assert(list:result())))
        assert.is_true(list:done())
      end)
      assert.equal(3, #faulty:requests())
    end)

    it("a call that a callback submits while another is under way", function()
      local used, submitted
      local client <close> = new_client(pages, {
        on_event = function(event)
          if event.type == "response" and not submitted then
            submitted = used:submit("request", { path = "/echo?second" })
          end
        end,
      })
      used = client
      way.run(client, function()
        assert(client:request { path = "/echo?first" })
        assert.equal("/echo?second", assert(submitted:wait()).target)
      end)
      assert.same({ "/echo?first", "/echo?second" }, pages:state().targets)
    end)

    it("two clients, each with lists, retries and maps", function()
      local steps = pages_of_a_list(3)
      table.insert(steps, 2, { status = 503, body = "{}" })
      faulty:script(steps)
      local client <close> = new_client(faulty)
      local other <close> = new_client(pages)
      way.run(client, function()
        assert.equal("1 2 3", ids_of(assert(client:list_connectors())))
      end, function()
        local results = other:map({ 1, 2, 3 }, function(n)
          return assert(other:request { path = "/echo?" .. n }).target
        end)
        assert.same({ "/echo?1", "/echo?2", "/echo?3" }, results)
        local n = 0
        for _ in other:each { path = "/list?pages=3" } do n = n + 1 end
        assert.equal(6, n)
      end)
      assert.equal(4, #faulty:requests())
      assert.equal(6, #pages:state().targets)
    end)

    it("two clients in turn, in the same coroutine", function()
      local client <close> = new_client(pages)
      local other <close> = new_client(pages)
      way.run(client, function()
        for record in client:each { path = "/list?pages=3" } do
          assert.equal("/echo?" .. record.n, assert(other:request { path = "/echo?" .. record.n }).target)
        end
      end)
      assert.equal(9, #pages:state().targets)
    end)

    it("close in the middle", function()
      local client <close> = new_client(pages)
      local kinds = {}
      local function stalled()
        local value, err = client:request { path = "/list?stall=1" }
        assert.is_nil(value)
        kinds[#kinds + 1] = err.kind
      end
      way.run(client, stalled, stalled, function()
        local _, errors = client:map({ 1, 2 }, function() return client:request { path = "/list?stall=1" } end)
        kinds[#kinds + 1] = errors[1].kind
        kinds[#kinds + 1] = errors[2].kind
      end, function()
        local good, err = pcall(function()
          for _ in client:each { path = "/list?stall=1" } do error "there is no record" end
        end)
        assert.is_false(good)
        kinds[#kinds + 1] = err.kind
      end, function()
        assert(client:request { path = "/echo" })
        client:close()
        local _, err = client:request { path = "/echo?late" }
        kinds[#kinds + 1] = err.kind
      end)
      assert.equal("closed closed closed closed closed closed", table.concat(kinds, " "))
      assert.is_nil(table.concat(pages:state().targets):find "late")
    end)

    -- The loop has let go of the client; map waits for on_progress only.
    it("map over a client that was closed before", function()
      local client <close> = new_client(pages)
      way.run(client, function() assert(client:request { path = "/echo" }) end)
      client:close()
      way.run(client, function() end)
      local told, kinds = 0, {}
      way.run(client, function()
        local function count() told = told + 1 end
        local _, errors = client:map({ 1, 2, 3 }, function() return client:request { path = "/echo?late" } end,
          { on_progress = count })
        for i, err in ipairs(errors) do kinds[i] = err.kind end
      end)
      assert.equal("closed closed closed", table.concat(kinds, " "))
      assert.equal(3, told)
      assert.is_nil(table.concat(pages:state().targets):find "late")
    end)

    it("cancel", function()
      local client <close> = new_client(pages)
      local call = client:submit("request", { path = "/list?stall=1" })
      way.run(client, function()
        local value, err = call:wait()
        assert.is_nil(value)
        assert.equal("cancelled", err.kind)
      end, function()
        assert(client:request { path = "/echo" })
        call:cancel()
        assert(client:request { path = "/echo" })
      end)
    end)

    it("errors in a function, while others go on", function()
      local client <close> = new_client(pages)
      local count = 0
      local function fails()
        assert(client:request { path = "/echo" })
        error { mine = true }
      end
      way.run(client, function()
        local good, err = pcall(fails)
        assert.is_false(good)
        assert.is_true(err.mine)
        local results, errors = client:map({ 1, 2, 3 }, function(n) return n == 2 and fails() or n end)
        assert.same({ 1, nil, 3 }, results)
        assert.is_true(errors[2].mine)
      end, function()
        for _ in client:each { path = "/list?pages=4" } do count = count + 1 end
      end)
      assert.equal(8, count)
    end)

    it("an error that leaves the program, with what was called", function()
      faulty:script { { body = "{}" }, { status = 404, body = '{"errors":[{"code":"invalid_ref","message":"none"}]}' } }
      local code = way.program:format(faulty.url) .. [[
        local function culprit()
          assert(client:get_connector_by_id "1")
          local _, err = client:get_connector_by_id "2"
          error(tostring(err))
        end
        run(function() culprit() end)
      ]]
      local status, output = process.start({ process.lua(), "-e", code }):wait()
      if not way.prints_errors then assert.not_equal(0, status) end
      assert.matches("GET /v1/connectors/2: 404 invalid_ref: none", output)
      if way.name ~= "cqueues" then assert.matches("culprit", output) end -- its errors have no traceback
    end)

    it("a pause that a 429 asks for, for all calls", function()
      faulty:script { { status = 429, headers = { ["Retry-After"] = "1" }, body = "{}" }, { body = "[]" } }
      local paused = 0
      local client <close> = new_client(faulty, {
        on_event = function(event)
          if event.type == "rate_limited" then paused = paused + 1 end
        end,
      })
      way.run(client, function()
        local list, response = client:list_connectors()
        assert.same({}, list)
        assert.equal(2, response.attempts)
        assert(client:get_connector_by_id "1")
      end)
      assert.equal(1, paused)
      assert.equal(3, #faulty:requests())
    end)

    it("the client's own rate limit", function()
      local client <close> = new_client(pages, { rate_limit = { rate = 20, burst = 1 } })
      local functions = {}
      for i = 1, 5 do
        functions[i] = function() assert(client:request { path = "/echo?" .. i }) end
      end
      way.run(client, table.unpack(functions))
      assert.equal(5, #pages:state().targets)
    end)

    it("pauses between retries", function()
      local busy = { status = 503, body = "{}" }
      faulty:script { busy, busy, { body = "[]" } }
      local client <close> = new_client(faulty, { retry_base = 0.02, retry_cap = 0.05 })
      way.run(client, function() assert.same({}, (assert(client:list_connectors()))) end)
      assert.equal(3, #faulty:requests())
    end)

    it("a timeout, and a call after it", function()
      local client <close> = new_client(pages)
      way.run(client, function()
        local value, err = client:request { path = "/list?stall=1", timeout = 0.2 }
        assert.is_nil(value)
        assert.equal("timeout", err.kind)
        assert(client:request { path = "/echo" })
      end, function()
        local good, err = pcall(function()
          for record in client:each { path = "/list?pages=2&stall=2", timeout = 0.2 } do assert(record.n) end
        end)
        assert.is_false(good)
        assert.equal("timeout", err.kind)
        assert.equal("/list?pages=2&stall=2&page=2", err.page)
      end)
    end)

    it("a connection that is refused", function()
      local client <close> = new_client({ url = "http://127.0.0.1:1" })
      way.run(client, function()
        local value, err = client:list_connectors()
        assert.is_nil(value)
        assert.equal("network", err.kind)
        assert.equal(5, err.attempts)
      end)
    end)

    it("what is refused before it is sent", function()
      local client <close> = new_client(pages)
      way.run(client, function()
        local _, err = client:create_connector { name = 1 }
        assert.equal("validation", err.kind)
        assert.has_error(function() client:get_connector_by_id(42) end)
        assert.same("POST", client:create_connector({ name = "n" }, { dry_run = true }).method)
      end)
      assert.same({}, pages:state().targets)
    end)
  end)
end
