-- SPDX-License-Identifier: MIT
-- People decide: two of them together, one who says no, nobody in time, a choice, a step by hand.
playbook {
  name = "gates", version = "1.0.0", owner = "tests", summary = "Gates",
  may_change = { "world.*" }, params = {}, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
function main()
  step "Approve"
  local answer = approve { "Move it?", by = "lead", quorum = 2, deadline = "2h", show = { world.look("shown") } }
  world.set("moved", answer.how)
  answer = approve { "Deny this, please", by = "lead", deadline = "2h" }
  world.tell("the answer was " .. answer.how)
  step "Beside"
  parallel {
    function() world.set("beside", approve { "And beside?", by = "lead", deadline = "2h" }.how) end,
    function() world.pay("meanwhile") end,
  }
  step "Nobody"
  answer = approve { "Nobody is there", by = "lead", deadline = "1s" }
  world.set("moved", answer.how)
  step "By hand"
  todo { "Open the ticket", by = "lead", deadline = "2h" }
  local choice = ask { "Which one?", choices = { "left", "right" }, by = "lead", deadline = "2h" }
  world.tell("chosen " .. tostring(choice.text))
  finish(answer.how, "nobody in time")
end
