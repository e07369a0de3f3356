{
    "name": "Account Credit Posting: Job Queue",
    "summary": "Large batches of credits are posted by jobs of queue_job",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Account Credit Posting contributors",
    "license": "LGPL-3",
    "depends": ["account_credit_posting", "queue_job"],
    "data": ["data/queue_job.xml"],
    "auto_install": True,
    "uninstall_hook": "uninstall_hook",
}
