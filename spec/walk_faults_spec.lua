-- Thousands of walks over pages that fail at random: no record is lost, none
-- is seen twice.

local celigo = require "celigo"
local page_server = require "spec.support.page_server"
local seeded = require "spec.support.seeded"

local WALKS = 2000

describe("a walk over pages that fail at random", function()
  local server, client

  setup(function()
    server = page_server.start()
    client = celigo.new {
      base_url = server.url,
      token = "test",
      rate_limit = false,
      max_retries = 2,
      retry_base = 0.0002,
      retry_cap = 0.0005,
      max_connections = 3,
    }
  end)
  teardown(function()
    client:close()
    server:stop()
  end)

  -- All records from a target on, taking the walk up after each error. Only
  -- so often does a server that fails at random fail with one page.
  local function walk(request, errors, seen)
    repeat
      local good, err = pcall(function()
        for record in client:each(request) do seen[#seen + 1] = record.n end
      end)
      if not good then
        assert(celigo.is_error(err), err)
        errors[err.kind] = (errors[err.kind] or 0) + 1
        request = { path = err.page, prefetch = request.prefetch }
      end
    until good
  end

  local function check(pages, size, seen)
    assert.equal(pages * size, #seen)
    for i = 1, #seen do
      if seen[i] ~= i then error(("record %d is %s"):format(i, seen[i])) end
    end
  end

  it("loses nothing and sees nothing twice", function()
    local errors, walks = {}, 0
    seeded.each(WALKS, function(random)
      local pages, size, seen = random:integer(1, 5), random:integer(1, 4), {}
      local path = ("/list?pages=%d&size=%d&seed=%d"):format(pages, size, random:integer(1, 1 << 30))
      walk({ path = path, prefetch = random:chance(0.8) }, errors, seen)
      check(pages, size, seen)
      walks = walks + 1
    end)
    assert.equal(seeded.share(WALKS), walks)
    assert.is_true(errors.decode > walks // 20) -- the server did its worst
    assert.is_true((errors.http or 0) >= walks // 200)
    assert.is_true((errors.network or 0) >= walks // 200)
    assert.equal(0, client:step())
  end)

  it("holds for many at the same time", function()
    local errors, items = {}, {}
    local random = seeded.new(os.time())
    for i = 1, 200 do
      items[i] = { pages = random:integer(1, 5), size = random:integer(1, 4), seed = random:integer(1, 1 << 30) }
    end
    local results, failures = client:map(items, function(item)
      local seen = {}
      walk({ path = ("/list?pages=%d&size=%d&seed=%d"):format(item.pages, item.size, item.seed) }, errors, seen)
      check(item.pages, item.size, seen)
      return true
    end, { concurrency = 12 })
    assert.same({}, failures)
    assert.equal(200, #results)
    assert.equal(0, client:step())
  end)
end)
