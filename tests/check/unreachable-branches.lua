-- Both branches end the run
playbook {
  name = "unreachable-branches", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  if mail.inbound(p.domain).ok then finish("up") else fail("down") end
  step "Tell them" -- expect: unreachable @ step
end
