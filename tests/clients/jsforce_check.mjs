// Lets jsforce 3.10.4 work against a simulated org. Prints one line per check, exits with 1 when one fails.
//
// Usage: node jsforce_check.mjs BASE_URL [CLIENT_ID CLIENT_SECRET]   (or BASE_URL, CLIENT_ID, CLIENT_SECRET in the environment)

import jsforce from 'jsforce';

/** A value from the command line, the environment, or the default. */
function argument(position, name, fallback) {
  const value = process.argv[position] ?? process.env[name] ?? fallback;
  if (value === undefined) {
    console.error(`${name} is missing: give it as an argument or in the environment`);
    process.exit(2);
  }
  return value;
}

const baseUrl = argument(2, 'BASE_URL').replace(/\/+$/, '');
const clientId = argument(3, 'CLIENT_ID', 'sluice-demo');
const clientSecret = argument(4, 'CLIENT_SECRET', 'sluice-demo-secret');
const org = new jsforce.Connection({ oauth2: { clientId, clientSecret, loginUrl: baseUrl }, loginUrl: baseUrl, version: '60.0' });

/** Fails a check. */
function expect(truth, otherwise) {
  if (!truth) throw new Error(otherwise);
}

/** All rows of a query, page after page. */
function rows(soql) {
  return new Promise((resolve, reject) => {
    const found = [];
    const query = org.query(soql);
    query.on('record', (record) => found.push(record));
    query.on('end', () => resolve({ found, total: query.totalSize }));
    query.on('error', reject);
    query.run({ autoFetch: true, maxFetch: 1_000_000 });
  });
}

const checks = {
  'sign in': async () => {
    const user = await org.authorize({ grant_type: 'client_credentials' });
    expect(org.instanceUrl === baseUrl, `instance is ${org.instanceUrl}`);
    return `user ${user.id} of ${user.organizationId}`;
  },
  pages: async () => {
    const { found, total } = await rows('SELECT Id, Name, Account.Name FROM Contact ORDER BY Id');
    expect(found.length === total && new Set(found.map((row) => row.Id)).size === total, `${found.length} rows of ${total}`);
    return `${total} rows`;
  },
  children: async () => {
    const { found } = await rows('SELECT Id, (SELECT Id, Subject FROM EmailMessages) FROM Case');
    const emails = found.reduce((sum, row) => sum + (row.EmailMessages?.records.length ?? 0), 0);
    expect(emails > 0, 'no case has an e-mail');
    return `${emails} e-mails on the first pages`;
  },
  describe: async () => {
    const described = await org.sobject('Account').describe();
    expect(described.fields.some((field) => field.name === 'OwnerId' && field.type === 'reference'), 'Account has no owner');
    return `${described.fields.length} fields`;
  },
  'describe global': async () => {
    const { sobjects } = await org.describeGlobal();
    expect(sobjects.some((entry) => entry.name === 'Account' && entry.queryable), 'Account is missing');
    return `${sobjects.length} objects`;
  },
  record: async () => {
    const [first] = (await org.query('SELECT Id, Name FROM Account WHERE Name != null LIMIT 1')).records;
    const record = await org.sobject('Account').retrieve(first.Id);
    expect(record.Name === first.Name, 'the record differs from the row');
    return record.Name;
  },
  file: async () => {
    const [version] = (await org.query('SELECT Id, ContentSize FROM ContentVersion WHERE ContentSize > 0 LIMIT 1')).records;
    const bytes = [];
    for await (const part of org.sobject('ContentVersion').record(version.Id).blob('VersionData')) bytes.push(part);
    const size = Buffer.concat(bytes).length;
    expect(size === version.ContentSize, `${size} bytes of ${version.ContentSize}`);
    return `${size} bytes`;
  },
  'bad query': async () => {
    try {
      await org.query('SELECT Nothing FROM Account');
    } catch (refused) {
      expect(refused.errorCode === 'INVALID_FIELD', `${refused.errorCode}: ${refused.message}`);
      return refused.errorCode;
    }
    throw new Error('the query was accepted');
  },
  search: async () => {
    const [account] = (await org.query('SELECT Id, Name FROM Account WHERE Name != null LIMIT 1')).records;
    const [word] = account.Name.match(/[\p{L}\p{N}]{2,}/u);
    const { searchRecords } = await org.search(`FIND {${word.slice(0, 2)}* AND ${word}} RETURNING Account(Id, Name), Contact(Id LIMIT 1)`);
    const rows = searchRecords.filter((row) => row.attributes.type === 'Account');
    expect(rows.some((row) => row.Id === account.Id && row.Name === account.Name), `${account.Name} is not among ${rows.length} accounts`);
    return `${rows.length} accounts have ${word}`;
  },
  'bad search': async () => {
    try {
      await org.search('FIND {nothing} RETURNING Account(Nothing)');
    } catch (refused) {
      expect(refused.errorCode === 'INVALID_FIELD', `${refused.errorCode}: ${refused.message}`);
      return refused.errorCode;
    }
    throw new Error('the search was accepted');
  },
  identity: async () => (await org.identity()).username,
  allowance: async () => {
    expect(org.limitInfo?.apiUsage?.limit === 100000, JSON.stringify(org.limitInfo));
    return `${org.limitInfo.apiUsage.used} calls used`;
  },
};

let failed = false;
for (const [name, check] of Object.entries(checks)) {
  try {
    console.log(`ok    jsforce: ${name}: ${await check()}`);
  } catch (problem) {
    failed = true;
    console.log(`FAIL  jsforce: ${name}: ${problem.name}: ${problem.message}`);
  }
}
process.exit(failed ? 1 : 0);
