-- A misspelt option of wait_until
playbook {
  name = "word-option", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local up = wait_until("5m", { evry = "10s" }, function() return mail.inbound(p.domain).ok end) -- expect: unknown-option @ evry
  finish("done", tostring(up))
end
