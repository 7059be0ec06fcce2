-- The C parts without Lua are tested in C: what becomes of calls, retry policy,
-- rate limit, Link header, buffer, compressed bodies and printing numbers. This
-- runs their programs, from the directory that CELIGO_TEST_BIN names; one that is
-- missing is a failure, not a test left out.

local process = require "spec.support.process"

describe("the C test program", function()
  for _, name in ipairs {
    "test_retry", "test_retry_after", "test_rate_limit", "test_weblink", "test_noproxy", "test_mask",
    "test_buf", "test_heap", "test_print", "test_encoding", "test_engine",
  } do
    it(name .. " passes", function()
      local program = assert(process.start(process.program(name)))
      local status, output = program:wait()
      local passed, failed = output:match "(%d+) passed, (%d+) failed$"
      assert(passed, name .. " was cut short:\n" .. output)
      assert(failed == "0", output)
      assert.is_true(tonumber(passed) > 0)
      assert.equal(0, status)
    end)
  end
end)
