-- meanwhile without every
playbook {
  name = "word-meanwhile", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local up = wait_until("5m", { meanwhile = { function() step "x" end } }, function() return mail.inbound(p.domain).ok end) -- expect: missing-argument @ { function
  finish("done", tostring(up))
end
