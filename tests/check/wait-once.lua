-- A wait shorter than its interval
playbook {
  name = "wait-once", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local up = wait_until("1m", { every = "5m" }, function() return mail.inbound(p.domain).ok end) -- expect: wait-once @ "5m"
  finish("done", tostring(up))
end
