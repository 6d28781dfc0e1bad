-- SPDX-License-Identifier: MIT
-- Polls until it holds for a while, and tells people meanwhile. How often depends on time: it is done in
-- tasks of its own, so that the calls of the main task keep their numbers.
playbook {
  name = "wait-until", version = "1.0.0", owner = "tests", summary = "Polling",
  may_change = { "world.*" }, params = {}, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
local looks, told = 0, 0
local function poll()
  return wait_until("2h", {
    every = "40ms", stable = 3,
    meanwhile = { every = "60ms", function() told = told + 1 world.tell("maybe still waiting " .. told) end },
  }, function()
    looks = looks + 1
    return world.look("look " .. looks).ok and looks > 2
  end)
end
function main()
  step "Before"
  world.set("a", "1")
  step "~ Wait"
  local found = parallel {
    holds = poll,
    never = function() return wait_until("50ms", { every = "20ms" }, function() return false end) end,
  }
  step "After"
  world.set("a", tostring(found.holds) .. tostring(found.never))
  finish("done", "it holds")
end
