-- Iterators: what they deliver, how they end, what they leave behind.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local page_server = require "spec.support.page_server"
local seeded = require "spec.support.seeded"

local function link(target)
  return { Link = ("<%s>; rel=\"next\""):format(target) }
end

local function numbers(iterator, ...)
  local seen = {}
  for record in iterator, ... do seen[#seen + 1] = record.n end
  return seen
end

local function count_to(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

describe("an iterator", function()
  local server, faults, client, other

  setup(function()
    server, faults = page_server.start(), fault.start()
  end)
  teardown(function()
    server:stop()
    faults:stop()
  end)

  before_each(function()
    server:reset()
    client = celigo.new { base_url = server.url, token = "test", rate_limit = false, timeout = 10 }
    other = celigo.new { base_url = faults.url, token = "test", rate_limit = false, retry_base = 0.001, timeout = 10 }
  end)
  after_each(function()
    assert.equal(0, client:step())
    assert.equal(0, other:step())
    client:close()
    other:close()
  end)

  for _, prefetch in ipairs { true, false } do
    describe(prefetch and "with prefetch" or "without prefetch", function()
      local function list(query)
        return { path = "/list?" .. query, prefetch = prefetch }
      end

      it("delivers every record of every page, once and in order", function()
        assert.same(count_to(15), numbers(client:each(list "pages=5&size=3")))
        assert.equal(5, #server:state().targets)
      end)

      it("gives pages with their responses", function()
        local sizes, following = {}, {}
        for page, response in client:pages(list "pages=3&size=2") do
          sizes[#sizes + 1] = #page
          following[#following + 1] = response.next_url or "none"
          assert.equal(200, response.status)
          assert.equal(1, response.attempts)
        end
        assert.same({ 2, 2, 2 }, sizes)
        assert.same({ "/list?pages=3&size=2&page=2", "/list?pages=3&size=2&page=3", "none" }, following)
      end)

      it("goes over empty pages, and pages without a body", function()
        faults:script {
          { body = "[]", headers = link "/v1/connectors?p=2" },
          { status = 204, headers = link "/v1/connectors?p=3" },
          { body = '[{"n":1}]', headers = link "/v1/connectors?p=4" },
          { body = " \n" },
        }
        assert.same({ 1 }, numbers(other:each_connector { prefetch = prefetch }))
        assert.equal(4, #faults:requests())
      end)

      it("follows a nextPageURL, and a Link first", function()
        faults:script {
          { body = '{"nextPageURL":"https://elsewhere.example.com/v1/x?p=2","list":[{"n":1}]}' },
          { body = '{"list":[{"n":2}],"nextPageURL":"/v1/x?p=9"}', headers = link "/v1/x?p=3" },
          { body = '{"list":[{"n":3}],"nextPageURL":null}' },
        }
        assert.same({ 1, 2, 3 }, numbers(other:each { path = "/v1/x", prefetch = prefetch }))
        local targets = {}
        for i, request in ipairs(faults:requests()) do targets[i] = request.target end
        assert.same({ "/v1/x", "/v1/x?p=2", "/v1/x?p=3" }, targets)
      end)

      it("raises a page's error with its page, and can be taken up there", function()
        faults:script {
          { body = '[{"n":1}]', headers = link "/v1/connectors/c1/licenses?after=%7B" },
          { status = 404, body = '{"errors":[{"code":"invalid_ref","message":"gone"}]}' },
          { body = '[{"n":2}]' },
        }
        local seen = {}
        local next_license = other:each_connector_license("c1", { prefetch = prefetch })
        local good, err = pcall(function()
          for license in next_license do seen[#seen + 1] = license.n end
        end)
        assert.is_false(good)
        assert.is_true(celigo.is_error(err))
        assert.equal("http", err.kind)
        assert.equal(404, err.status)
        assert.equal("invalid_ref", err.code)
        assert.equal("/v1/connectors/c1/licenses?after=%7B", err.page)
        assert.equal("/v1/connectors/c1/licenses", err.path)
        assert.equal("list_connector_licenses", err.operation)
        assert.is_nil(next_license())
        assert.same({ 1 }, seen)
        assert.same({ 2 }, numbers(other:each { path = err.page, prefetch = prefetch }))
      end)

      it("hands out no record of a page whose text is broken", function()
        faults:script {
          { body = '[{"n":1}]', headers = link "/v1/x?p=2" },
          { body = '[{"n":2},{"n":3},{"n":' },
          { body = '[{"n":2},{"n":3},{"n":4}]' },
        }
        local seen = {}
        local good, err = pcall(function()
          for record in other:each { path = "/v1/x", prefetch = prefetch } do seen[#seen + 1] = record.n end
        end)
        assert.is_false(good)
        assert.equal("decode", err.kind)
        assert.equal(200, err.status)
        assert.equal('[{"n":2},{"n":3},{"n":', err.body)
        assert.equal("/v1/x?p=2", err.page)
        assert.same({ 1 }, seen)
        assert.same({ 2, 3, 4 }, numbers(other:each { path = err.page, prefetch = prefetch }))
      end)

      it("never spins: a page whose link leads back fails, and can be asked for again", function()
        faults:script {
          { body = '[{"n":1}]', headers = link "/v1/x?p=2" },
          { body = '[{"n":2}]', headers = link "/v1/x" },
          { body = '[{"n":2}]', headers = link "/v1/x?p=3" },
          { body = '[{"n":3}]' },
        }
        local seen = {}
        local good, err = pcall(function()
          for record in other:each { path = "/v1/x", prefetch = prefetch } do seen[#seen + 1] = record.n end
        end)
        assert.is_false(good)
        assert.equal("pagination", err.kind)
        assert.equal("/v1/x?p=2", err.page)
        assert.same({ 1 }, seen)
        assert.equal(2, #faults:requests())
        assert.same({ 2, 3 }, numbers(other:each { path = err.page, prefetch = prefetch }))
      end)

      it("never spins: a loop that leads back far behind gives no record twice", function()
        local steps = {} -- 1 to the last, and from there back
        local last = seeded.slow and 400 or 4000
        for i = 1, last do
          local next_page = i < last and i + 1 or last * 11 // 20
          steps[i] = { body = ("[%d]"):format(i), headers = link("/v1/x?p=" .. next_page) }
        end
        faults:script(steps)
        local seen = 0
        local good, err = pcall(function()
          for n in other:each { path = "/v1/x?p=1", prefetch = prefetch } do
            seen = seen + 1
            assert.equal(seen, n)
          end
        end)
        assert.is_false(good)
        assert.equal("pagination", err.kind)
        assert.equal("/v1/x?p=" .. last, err.page)
        assert.equal(last - 1, seen) -- a page whose link is wrong fails before its records
        assert.equal(last, #faults:requests())
      end)

      it("goes over many empty pages, but not over 1,000 in a row", function()
        local steps, count = {}, 0
        local function add(body)
          count = count + 1
          steps[count] = { body = body, headers = link("/v1/x?p=" .. count + 1) }
        end
        for _ = 1, 999 do add "[]" end
        add "[1]"
        for _ = 1, 1500 do add "[]" end
        faults:script(steps)
        local seen = {}
        local good, err = pcall(function()
          for n in other:each { path = "/v1/x?p=1", prefetch = prefetch } do seen[#seen + 1] = n end
        end)
        assert.is_false(good)
        assert.same({ 1 }, seen)
        assert.equal("pagination", err.kind)
        assert.equal("no_records", err.code)
        assert.equal("/v1/x?p=2000", err.page)
        assert.is_true(#faults:requests() <= 2001)
      end)

      it("hands out no page whose link cannot be followed, unless it is asked for alone", function()
        for _, bad in ipairs {
          { body = '[{"n":1}]', headers = { { "Link", "</v1/x?p=2; rel=next" } } },
          { body = '{"items":[{"n":1}],"nextPageURL":7}' },
        } do
          faults:script { bad, bad, bad }
          for _, walk in ipairs { other.each, other.pages } do
            local good, err = pcall(walk(other, { path = "/v1/x", prefetch = prefetch }))
            assert.is_false(good)
            assert.equal("pagination", err.kind)
            assert.equal("/v1/x", err.page)
          end
          assert.same({ 1 }, numbers(other:each { path = "/v1/x", follow = false }))
        end
      end)

      it("asks for one page only with follow = false", function()
        local options = list "pages=3&size=2"
        options.follow = false
        assert.same({ 1, 2 }, numbers(client:each(options)))
        for _, response in client:pages(options) do
          assert.equal("/list?pages=3&size=2&page=2", response.next_url)
        end
        assert.equal(2, #server:state().targets)
      end)

      it("renews the token once where a page meets a 401", function()
        faults:script {
          { body = '[{"n":1}]', headers = link "/v1/x?p=2" },
          { status = 401, body = '{"message":"Bearer Authentication Failed"}' },
          { body = '[{"n":2}]' },
        }
        local asked = 0
        local rotating <close> = celigo.new {
          base_url = faults.url,
          rate_limit = false,
          token = function()
            asked = asked + 1
            return "token-" .. asked
          end,
        }
        assert.same({ 1, 2 }, numbers(rotating:each { path = "/v1/x", prefetch = prefetch }))
        assert.equal(2, asked)
        assert.equal("Bearer token-2", faults:requests()[3].headers.authorization)
      end)

      it("raises what on_event raises, and has ended then", function()
        faults:script { { body = '[{"n":1}]', headers = link "/v1/x?p=2" }, { body = '[{"n":2}]' } }
        local watched <close> = celigo.new {
          base_url = faults.url,
          token = "test",
          rate_limit = false,
          on_event = function(event)
            if event.type == "page" and event.status == 200 and #faults:requests() == 2 then error({ mine = true }) end
          end,
        }
        -- The second page's request is there before its event, in any case.
        local next_record = watched:each { path = "/v1/x", prefetch = prefetch }
        local good, err
        repeat
          good, err = pcall(next_record)
        until not good or err == nil
        assert.is_false(good)
        assert.same({ mine = true }, err)
        assert.is_nil(next_record())
        assert.equal(0, watched:step())
      end)

      it("ends with `closed` when the client is closed in the loop", function()
        local seen = {}
        local good, err = pcall(function()
          for record in client:each(list "pages=2&size=3") do
            seen[#seen + 1] = record.n
            client:close()
          end
        end)
        assert.is_false(good)
        assert.equal("closed", err.kind)
        assert.same({ 1 }, seen)
      end)

      it("can be used side by side with another", function()
        local a = client:each(list "pages=3&size=2")
        local b = client:each(list "pages=3&size=2&b=1")
        local seen = {}
        for _ = 1, 6 do
          seen[#seen + 1] = a().n
          seen[#seen + 1] = b().n
        end
        assert.same({ 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6 }, seen)
        assert.is_nil(a())
        assert.is_nil(b())
      end)

      it("gives nil after its end, again and again", function()
        local next_record = client:each(list "size=1")
        assert.equal(1, next_record().n)
        for _ = 1, 3 do assert.is_nil(next_record()) end
        local next_page = client:pages(list "size=1")
        assert.equal(1, #next_page())
        for _ = 1, 3 do assert.is_nil(next_page()) end
        assert.equal(2, #server:state().targets)
      end)
    end)
  end

  it("goes the same way as a list that is had at once", function()
    faults:script {
      { body = '{"nextPageURL":"/v1/connectors?p=9","list":[{"n":1}]}', headers = link "/v1/connectors?p=2" },
      { body = '{"nextPageURL":"/v1/connectors?p=3","list":[{"n":2}]}' },
      { body = '{"nextPageURL":"","list":[{"n":3}]}' },
    }
    assert.same({ { n = 1 }, { n = 2 }, { n = 3 } }, (assert(other:list_connectors())))
    local targets = {}
    for i, request in ipairs(faults:requests()) do targets[i] = request.target end
    assert.same({ "/v1/connectors", "/v1/connectors?p=2", "/v1/connectors?p=3" }, targets)
  end)

  it("raises `closed` where the client is", function()
    client:close()
    for _, name in ipairs { "each_connector", "each", "pages" } do
      local good, err = pcall(function()
        for _ in client[name](client, name ~= "each_connector" and { path = "/x" } or nil) do error("a record") end
      end)
      assert.is_false(good)
      assert.equal("closed", err.kind)
    end
  end)

  it("sends its query once and its headers with every page", function()
    faults:script { { body = '[{"n":1}]', headers = link "/v1/connectors?after=x" }, { body = '[{"n":2}]' } }
    numbers(other:each_connector { limit = 1, query = { q = "a b" }, headers = { ["X-Mine"] = "yes" } })
    local requests = faults:requests()
    assert.equal("/v1/connectors?q=a%20b&limit=1", requests[1].target)
    assert.equal("/v1/connectors?after=x", requests[2].target)
    assert.equal("yes", requests[1].headers["x-mine"])
    assert.equal("yes", requests[2].headers["x-mine"])
  end)

  it("gives each page its max_retries and its timeout", function()
    faults:script {
      { status = 503 },
      { body = '[{"n":1}]', headers = link "/v1/connectors?p=2" },
      { status = 503 },
      { body = '[{"n":2}]', headers = link "/v1/connectors?p=3" },
      { status = 503 },
      { status = 503 },
    }
    local seen = {}
    local good, err = pcall(function()
      for record in other:each_connector { max_retries = 1 } do seen[#seen + 1] = record.n end
    end)
    assert.is_false(good)
    assert.same({ 1, 2 }, seen)
    assert.equal(503, err.status)
    assert.equal(2, err.attempts)
    assert.equal("/v1/connectors?p=3", err.page)
    assert.equal(6, #faults:requests())
  end)

  it("announces every page by events", function()
    local seen = {}
    local watched <close> = celigo.new {
      base_url = server.url,
      token = "test",
      on_event = function(event) seen[event.type] = (seen[event.type] or 0) + 1 end,
    }
    numbers(watched:each { path = "/list?pages=4" })
    assert.same({ request = 4, response = 4, page = 4 }, seen)
  end)

  it("refuses wrong arguments, with its own name and the caller's position", function()
    local function refused(pattern, f)
      local good, message = pcall(f)
      assert.is_false(good)
      assert.matches("pages_spec%.lua:%d+: ", message)
      assert.matches(pattern, message)
    end
    refused("each: option 'path'", function() client:each {} end)
    refused("pages: expected a table", function() client:pages() end)
    refused("each_connector_license: id", function() client:each_connector_license() end)
    refused("each_connector_install: id", function() client:each_connector_install(5) end)
    refused("each_connector: option 'prefetch'", function() client:each_connector { prefetch = 1 } end)
    refused("each_connector: unknown option 'prefetc'", function() client:each_connector { prefetc = true } end)
    refused("each_connector: unknown option 'url'; there are: timeout, .*, dry_run, prefetch$", function()
      client:each_connector { url = "/x" }
    end)
    refused("each: option 'method'", function() client:each { path = "/x", method = "POST" } end)
    refused("each: a GET takes no body", function() client:each { path = "/x", body = {} } end)
    refused("each: option 'method'", function() client:each { path = "/x", method = "PUT", dry_run = true } end)
    assert.equal(0, #server:state().targets)
  end)

  describe("whose loop is left", function()
    -- Page 2 never ends: its request is under way when page 1 is consumed.
    local function script()
      faults:script {
        { body = '[{"n":1},{"n":2}]', headers = link "/v1/connectors?p=2" },
        { body = '[{"n":3}]', stall = true, stall_at = "body" },
      }
    end

    local function check()
      assert.equal(0, other:step())
      faults:await(function(requests) return requests[2] and requests[2].gone end)
    end

    local function page_two_is_there()
      faults:await(function(requests) return requests[2] and requests[2].sent > 0 end)
    end

    before_each(script)

    it("by break frees the transfer at once", function()
      for _ in other:each_connector() do
        page_two_is_there()
        break
      end
      check()
    end)

    it("by an error frees the transfer at once", function()
      local good, err = pcall(function()
        for _ in other:each_connector() do
          page_two_is_there()
          error("mine", 0)
        end
      end)
      assert.is_false(good)
      assert.equal("mine", err)
      check()
    end)

    it("by goto frees the transfer at once", function()
      for _ in other:each_connector() do
        page_two_is_there()
        goto done
      end
      ::done::
      check()
    end)

    it("by return frees the transfer at once, pages too", function()
      (function()
        for _ in other:pages { path = "/v1/connectors" } do
          page_two_is_there()
          return
        end
      end)()
      check()
    end)

    it("by a coroutine that is closed frees the transfer at once", function()
      local thread = coroutine.create(function()
        for record in other:each_connector() do coroutine.yield(record.n) end
      end)
      assert.same({ true, 1 }, { coroutine.resume(thread) })
      page_two_is_there()
      assert.is_true(coroutine.close(thread))
      check()
    end)

    it("by a coroutine that is dropped frees the transfer when it is collected", function()
      local thread = coroutine.wrap(function()
        for record in other:each_connector() do coroutine.yield(record.n) end
      end)
      assert.equal(1, thread())
      page_two_is_there()
      thread = nil -- luacheck: ignore
      collectgarbage()
      check()
    end)

    it("by being dropped frees the transfer when it is collected", function()
      local next_record = other:each_connector()
      assert.equal(1, next_record().n)
      page_two_is_there()
      next_record = nil -- luacheck: ignore
      collectgarbage()
      check()
    end)
  end)

  it("holds under a collector that never rests", function()
    collectgarbage("incremental", 1, 1000)
    local seen = numbers(client:each { path = "/list?pages=20&size=20" })
    collectgarbage("incremental", 200, 100)
    assert.same(count_to(400), seen)
  end)

  -- Whoever owns an iterator or a client may be collected in the midst of
  -- a record; what its finaliser closes must stay whole until it was read.
  it("may be closed by a finaliser while it decodes", function()
    faults:script { { body = "[" .. ('{"a":[1,{"b":"text"},{"c":[]}]},'):rep(2000) .. "{}]" } }
    local next_record, _, _, walk = other:each { path = "/v1/x" }
    assert.is_table(next_record())
    local closed = false
    setmetatable({}, {
      __gc = function()
        walk:close()
        closed = true
      end,
    })
    local n = 0
    while next_record() do n = n + 1 end
    collectgarbage()
    assert.is_true(closed)
    assert.is_true(n <= 2000)
    assert.is_nil(next_record())
  end)

  it("may be asked for more by a finaliser that runs after its client's", function()
    faults:script { { body = '{"list":[{"n":1}],"nextPageURL":"/v1/x?skip=1"}' } }
    local good, err
    do -- finalisers run in the opposite order of creation
      local holder = setmetatable({}, { __gc = function(self) good, err = pcall(self.next_page) end })
      local late = celigo.new { base_url = faults.url, token = "test" }
      holder.next_page = late:pages { path = "/v1/x", prefetch = false }
      assert.is_table(holder.next_page())
    end
    collectgarbage()
    collectgarbage()
    assert.is_false(good)
    assert.matches("collected", err)
  end)

  -- What one of those who share it meets is everybody's: nobody takes it for
  -- the end of the list.
  it("that is shared fails for everybody", function()
    for _, ending in ipairs { { status = 400, body = "{}" }, { body = "[" } } do
      local second = { headers = { { "Link", '</v1/x?p=2>; rel="next"' } }, body = "[1,2]" }
      faults:script { second, ending }
      local next_record = other:each { path = "/v1/x" }
      local _, errors = other:map({ 1, 2, 3 }, function()
        while next_record() do other:request { path = "/v1/y" } end
        return true
      end)
      for i = 1, 3 do assert.is_true(celigo.is_error(errors[i]), tostring(errors[i])) end
      assert.is_false((pcall(next_record))) -- here, too: once
      assert.is_nil(next_record())
    end
  end)

  it("that is shared is not waited for in a coroutine that is gone", function()
    faults:script { { body = "[1]", stall = true } }
    local next_record = other:each { path = "/v1/x" }
    local failed
    local good = pcall(function()
      other:map({ 1, 2 }, function(i)
        if i == 1 then return next_record() end
        local call = other:submit("get_connector_by_id", "1")
        call:cancel()
        error "the other one"
      end, { on_progress = function() error("stop", 0) end })
    end)
    assert.is_false(good)
    good, failed = pcall(next_record)
    assert.is_false(good)
    assert.is_truthy(tostring(failed):find("left halfway", 1, true), tostring(failed))
  end)

  it("may be closed by a finaliser while its headers are read", function()
    local headers = { { "Link", '</v1/x?p=2>; rel="next"' } }
    for i = 1, 60 do headers[#headers + 1] = { "X-" .. i, ("v"):rep(100) .. i } end
    for round = 0, 60 do
      faults:script { { headers = headers, body = "[1]" }, { body = "[2]" } }
      local next_page, _, _, walk = other:pages { path = "/v1/x", prefetch = false }
      local left = round
      local function trap()
        setmetatable({}, { __gc = function()
          if left == 0 then walk:close() elseif left > 0 then trap() end
          left = left - 1
        end })
      end
      collectgarbage("incremental", 10, 1000, 2)
      trap()
      pcall(next_page)
      left = -1
      collectgarbage("incremental", 200, 100, 13)
      walk:close()
    end
  end)

  it("lets a finaliser close the client while a list is decoded", function()
    faults:script { { body = "[" .. ('{"a":[1,{"b":"text"},{"c":[]}]},'):rep(5000) .. "{}]" } }
    setmetatable({}, { __gc = function() other:close() end })
    local list, err
    repeat
      list, err = other:list_connectors()
    until not list
    assert.equal("closed", err.kind)
  end)
end)
