-- SPDX-License-Identifier: MIT
-- The reply was lost: was it sent? What may be sent twice is marked; what may not is left to a person.
playbook {
  name = "possible-duplicate", version = "1.0.0", owner = "ops",
  summary = "Tell people, then open a ticket at the provider.",
  may_change = { "notify", "http.post" },
  params = { tickets = param.string "Where tickets are opened" { default = "https://tickets.example.net/new" } },
  changelog = { ["1.0.0"] = "First version" },
}

function main(p)
  step "Tell people"                                    -- a second time harms nobody, and says that it may be the second
  notify("team", "ticket-comes")

  step "Open a ticket"                                  -- two tickets would: the run parks, and a person looks
  local answer = http.post(p.tickets, { json = { subject = "Mail is late" }, key_header = "Idempotency-Key" })
  finish("opened", answer.json and answer.json.number or "the number is not known")
end
