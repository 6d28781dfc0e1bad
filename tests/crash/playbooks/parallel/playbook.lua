-- SPDX-License-Identifier: MIT
-- Tasks beside each other, nested blocks, and each with a limit: many intents share one barrier.
playbook {
  name = "parallel", version = "1.0.0", owner = "tests", summary = "Acts beside each other",
  may_change = { "world.*" }, params = {}, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
local function worker(id)
  return function()
    for n = 1, 3 do
      world.look(id .. n)
      world.set(id, id .. n)
    end
    return id
  end
end
function main()
  step "Parallel"
  local names = parallel { x = worker "x", y = worker "y", z = function()
    return parallel { worker "z1", worker "z2" }[2]
  end }
  step "Each"
  each({ 1, 2, 3, 4, 5, 6 }, { limit = 3 }, function(n)
    world.pay("item " .. n)
    world.look("after " .. n)
  end)
  finish("done", names.x .. names.y .. names.z)
end
