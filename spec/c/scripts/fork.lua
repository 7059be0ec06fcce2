-- What test_fork.c runs. Globals: celigo, url, ca_file, fork(f), which runs f
-- in a child process and returns whether it ended well, and exit_now().

local ID = "54fa0b38a7044f9252000036"

local function new(options)
  options = options or {}
  options.token, options.base_url, options.ca_file = "t", url, ca_file
  return celigo.new(options)
end

local function is_forked(value, err)
  return value == nil and err.kind == "closed" and err.code == "forked" and tostring(err):find "after the fork" ~= nil
end

local scripts = {}

-- Each row runs in a process of its own.
scripts.rows = {
  {
    name = "a client that has sent something is closed in a child",
    run = function()
      local client = new()
      assert(client:get_connector_by_id(ID))
      for _ = 1, 4 do
        assert(fork(function()
          assert(is_forked(client:get_connector_by_id "54fa0b38a7044f9252000037"))
          assert(is_forked(client:submit("list_connectors"):wait()))
          local results, errors = client:map({ 1, 2 }, function() return client:list_connectors() end)
          assert(#results == 0 and is_forked(nil, errors[1]) and is_forked(nil, errors[2]))
          local good, err = pcall(function()
            for _ in client:each_connector() do error "a record" end
          end)
          assert(not good and is_forked(nil, err))
          assert(client:step() == 0)
          assert(tostring(client):find "closed")
          client:close()
          local own <close> = new()
          assert(own:get_connector_by_id(ID)._id == ID)
        end))
        local connector, response = client:get_connector_by_id(ID)
        assert(connector._id == ID and response.attempts == 1)
      end
    end,
  },
  {
    name = "a child that only ends, and closes its state, ends nothing of the parent's",
    run = function()
      local client = new { max_retries = 0 }
      assert(client:get_connector_by_id(ID))
      local call = client:submit("get_connector_by_id", ID)
      for _ = 1, 4 do
        assert(fork(function() end))
        assert(client:create_connector { name = "after a fork" })
      end
      assert(call:wait()._id == ID)
    end,
  },
  {
    name = "a call under way is the parent's, in the child it is over",
    run = function()
      local client = new()
      local call = client:submit("get_connector_by_id", ID)
      assert(fork(function()
        call:cancel()
        local other = client:submit("list_connectors")
        assert(is_forked(other:result()))
        assert(not call:wait())
      end))
      assert(call:wait()._id == ID)
    end,
  },
  {
    name = "what was made before a fork, and not begun, is over in the child",
    run = function()
      local client = new()
      assert(client:get_connector_by_id(ID))
      local core = require "celigo.core"
      local page = core.fetch(client, "each_connector", "list_connectors")
      local next_record, _, _, walk <close> = client:each_connector()
      assert(fork(function()
        core.start(page)
        assert(tostring(page):find "(done)", tostring(page))
        local good, err = pcall(next_record)
        assert(not good and is_forked(nil, err))
      end))
      assert(next_record()._id)
      assert(walk)
      core.start(page)
      assert(core.await(page))
    end,
  },
  {
    name = "a client that has sent nothing goes along",
    run = function()
      local client = new()
      for _ = 1, 3 do
        assert(fork(function() assert(client:get_connector_by_id(ID)._id == ID) end))
      end
      assert(client:get_connector_by_id(ID)._id == ID)
    end,
  },
}

return scripts
