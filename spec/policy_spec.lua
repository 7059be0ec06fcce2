-- The pure C parts are tested in C: retry policy, rate limit, Link header and
-- buffer. This runs their programs, from the directory that CELIGO_TEST_BIN
-- names; one that is missing is a failure, not a test left out.

local directory = os.getenv "CELIGO_TEST_BIN"

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Runs a program to its end: what it printed, and how it ended.
local function run(path)
  local pipe <close> = assert(io.popen(quote(path) .. " 2>&1"))
  local output = pipe:read "a"
  local _, how, code = pipe:close()
  return output, how, code
end

describe("the C test program", function()
  for _, name in ipairs {
    "test_retry", "test_retry_after", "test_rate_limit", "test_link",
    "test_buf",
  } do
    it(name .. " passes", function()
      assert(directory, "CELIGO_TEST_BIN does not name the directory of "
        .. "the C test programs")
      local path = directory .. "/" .. name
      local file = assert(io.open(path, "rb"))
      file:close()

      local output, how, code = run(path)
      local passed, failed = output:match "(%d+) passed, (%d+) failed\n$"
      assert(passed, name .. " was cut short:\n" .. output)
      assert(failed == "0", output)
      assert.is_true(tonumber(passed) > 0)
      assert.equal("exit 0", how .. " " .. code)
    end)
  end
end)
