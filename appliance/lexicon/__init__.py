"""The clinical lexicon: which words name a drug, a laboratory test, a vital sign, a condition, a symptom or an allergen."""
