-- SPDX-License-Identifier: MIT
-- Blocks inside blocks: a retry inside parallel tasks inside a limit, an each inside them.
playbook {
  name = "nested", version = "1.0.0", owner = "tests", summary = "Nested blocks",
  may_change = { "world.*" }, params = {}, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
local function tried(name)
  return retry({ times = 3, backoff = "5ms..10ms" }, function(n)
    world.set(name, name .. n)
    world.look(name .. " look " .. n)
    if n < 2 then error("again") end
    return n
  end)
end
function main()
  step "Nested"
  local ok, got = within("1h", function()
    return parallel {
      left = function() return tried("left") end,
      right = function()
        each({ "p", "q", "r" }, { limit = 2 }, function(item) world.pay("item " .. item) end)
        return tried("right")
      end,
    }
  end)
  step "Caught"
  local caught = pcall(parallel, { function() world.set("bad", "1", { fail = "no" }) end })
  finish("done", tostring(ok) .. got.left .. got.right .. tostring(caught))
end
